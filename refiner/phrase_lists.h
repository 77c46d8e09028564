#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::refiner {

/// A list of phrases in a card's text, with the words before it.
struct PhraseList {
  std::string label;                 ///< "School uniform"; "" where nothing announces it.
  std::string announced_by;          ///< The line before it, if that announces a list.
  std::vector<std::string> phrases;  ///< Cleaned (clean_phrase), at least one.
  bool quoted = false;               ///< Every phrase stood in quotes of its own.
};

/// Words that announce triggers ("Keyword", "触发词"), or clothes and looks ("School uniform").
[[nodiscard]] bool says_trigger(std::string_view text);
[[nodiscard]] bool says_outfit(std::string_view text);

/// All stretches of the text that read like lists of prompt words: "Outfit: red coat, hat", lines
/// of tags, quoted words in a row. Whether they are triggers is for the caller to say.
[[nodiscard]] std::vector<PhraseList> phrase_lists(std::string_view description);

}  // namespace stylus::refiner
