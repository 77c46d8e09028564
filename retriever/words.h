#pragma once

#include <array>
#include <string>
#include <string_view>

#include "support/text.h"

namespace stylus::retriever {

/// Words that carry no subject; too frequent to rank by (quality-recipe section 4).
inline constexpr std::array<std::string_view, 30> kStopWords = {
    "a",   "an",   "the",  "of", "in",   "on",   "at",    "to", "with", "and",
    "or",  "for",  "from", "by", "is",   "are",  "was",   "be", "been", "it",
    "its", "this", "that", "as", "into", "over", "under", "up", "down", "near"};

[[nodiscard]] inline bool is_stop_word(std::string_view word) {
  if (word == "next") {
    return true;
  }
  for (const std::string_view stop : kStopWords) {
    if (word == stop) {
      return true;
    }
  }
  return false;
}

/// Calls visit(word, begin, end) for each token of `text` in order, stop words included. `word` is
/// lower case and lives until the next call.
///
/// Lower case is taken run by run instead of over the whole text, so that offsets stay those of
/// `text` even where a lower-case letter has another length in bytes.
template <typename Visit>
void for_each_word(std::string_view text, const Visit& visit) {
  const auto is_ascii_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto is_foreign = [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; };
  std::string word;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t begin = i;
    if (is_ascii_word(text[i])) {
      word.clear();
      for (; i < text.size() && is_ascii_word(text[i]); ++i) {
        const char c = text[i];
        word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      }
      visit(std::string_view(word), begin, i);
    } else if (is_foreign(text[i])) {
      while (i < text.size() && is_foreign(text[i])) {
        ++i;
      }
      word = to_lower(text.substr(begin, i - begin));
      visit(std::string_view(word), begin, i);
    } else {
      ++i;
    }
  }
}

/// The stem under which the lexical index files a lower-case word of for_each_word().
[[nodiscard]] std::string stem_of(std::string_view word);

}  // namespace stylus::retriever
