#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace stylus::catalog {

/// Every pair of neighbouring Chinese, Japanese or Korean characters of the texts, separated by
/// blanks: "粉色护士" gives "粉色 色护 护士". These scripts put no blanks between words, so FTS5's
/// own tokenizer would take the whole run for one word. A run of one character stands alone.
/// "" when there are none, which is the common case and quick.
[[nodiscard]] std::string cjk_bigrams(std::initializer_list<std::string_view> texts);

/// True for characters of scripts that are written without blanks.
[[nodiscard]] bool is_cjk(char32_t code_point);

}  // namespace stylus::catalog
