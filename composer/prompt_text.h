#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::composer {

/// A stretch of a prompt: byte offsets [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// An adapter that the prompt itself asks for in A1111's way: <lora:NAME:WEIGHT>.
struct LoraTag {
  Span span;  ///< With the angle brackets.
  std::string name;
  std::optional<double> weight;
};

/// A prompt without the syntax of the web UIs around its words.
struct PromptText {
  /// As long as the prompt, so that offsets agree: tags in angle brackets, emphasis numbers as in
  /// "(rain:1.2)", escaping backslashes and everything from "Negative prompt:" on are blanks.
  std::string text;
  std::vector<LoraTag> lora_tags;
  std::size_t end = 0;  ///< Where "Negative prompt:" begins; the prompt's size if nowhere.
};

/// Requires: valid UTF-8. Cost: linear.
[[nodiscard]] PromptText strip_syntax(std::string_view prompt);

}  // namespace stylus::composer
