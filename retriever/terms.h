#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::retriever {

/// A word of a text as the lexical index sees it.
struct Term {
  std::string stem;       ///< Porter stem of the lower-cased word; non-ASCII runs as they stand.
  std::size_t begin = 0;  ///< Byte offsets [begin, end) into the text.
  std::size_t end = 0;
};

/// Tokens of quality-recipe section 4: `[a-z0-9]+` runs or runs of non-ASCII bytes of the
/// lower-cased text, without the short stop list, Porter-stemmed.
[[nodiscard]] std::vector<Term> terms_of(std::string_view text);

/// Porter's 1980 stemmer (tartarus.org definition) for one lower-case ASCII word.
[[nodiscard]] std::string porter_stem(std::string_view word);

}  // namespace stylus::retriever
