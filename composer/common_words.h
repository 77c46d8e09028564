#pragma once

#include <string_view>

namespace stylus::composer {

/// How much a word of a prompt tells about the wanted adapter, (0, 1]: "masterpiece" 0.05, "hair"
/// 0.05, "skirt" 0.25, "street" 0.5, "lighthouse" 1.
///
/// People write some words into nearly every prompt; the catalogue's own document frequencies do
/// not show it, because cards seldom say them. The list is composer/data/common_words.txt.
/// stem: as retriever::terms_of gives it.
/// Thread safety: may run from several threads.
[[nodiscard]] double word_value(std::string_view stem);

/// True if no word of `text` tells anything: quality words, counts, colours, sizes, common
/// clothing (the first two levels of the list).
[[nodiscard]] bool only_common_words(std::string_view text);

/// Mean word_value over the words of `text`; 1 if it has none.
[[nodiscard]] double mean_word_value(std::string_view text);

}  // namespace stylus::composer
