#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::refiner {

/// A sentence of a card's text. Cards are written in a hurry: a line feed ends a sentence too, and
/// "0. 8" is one number.
struct Sentence {
  std::string text;         ///< Trimmed, blanks collapsed; never empty.
  bool starts_line = true;  ///< It is the first of its line.
};

/// At most `limit` sentences. Cost: linear in the text.
[[nodiscard]] std::vector<Sentence> sentences_of(std::string_view text, std::size_t limit = 2000);

/// Without links, <tags> such as <lora:name:1>, emoji, runs of decoration ("*** ✖ ✖") and
/// invisible characters; blanks collapsed. Words of every script stay.
[[nodiscard]] std::string without_decoration(std::string_view line);

/// Language of a text by script and by its small words: "en", "zh", "ja", "ko", "ru", "es", "pt",
/// "fr", "de", "it" or "" where there is too little of it. Of texts in several languages (an
/// original with its translation) English wins if a third of the letters are in English words.
[[nodiscard]] std::string language_of(std::string_view text);

}  // namespace stylus::refiner
