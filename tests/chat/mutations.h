#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace stylus::chat {

/// A broken version of a reply: cut, doubled, overwritten, spliced with pieces that models and
/// servers put where they do not belong. The same generator state gives the same text.
inline std::string mutated(std::string text, std::mt19937_64& random) {
  static constexpr std::array<std::string_view, 24> kPieces = {"{",
                                                               "}",
                                                               "[",
                                                               "]",
                                                               "\"",
                                                               "\\",
                                                               ",",
                                                               ":",
                                                               "null",
                                                               "1e999",
                                                               "-0",
                                                               "\\u0000",
                                                               "\\ud800",
                                                               "\xFF\xFE",
                                                               "\xF0\x9F",
                                                               "```json",
                                                               "</think>",
                                                               "I'm sorry, but I can't",
                                                               "\n",
                                                               "\x00\x01",
                                                               "<|im_end|>",
                                                               "[[[[[[[[[[",
                                                               "{\"a\":{\"a\":{\"a\":",
                                                               "nan"};
  const auto below = [&random](std::size_t bound) {
    return bound == 0 ? std::size_t{0} : static_cast<std::size_t>(random() % bound);
  };
  const std::size_t changes = 1 + below(6);
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(text.size() - at, 40) + 1);
    switch (below(7)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      case 3:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 4:
        for (std::size_t j = at; j < at + length; ++j) {
          text[j] = static_cast<char>(random());
        }
        break;
      case 5: {
        const std::string piece = text.substr(at, length);
        for (int repeat = 0; repeat < 60; ++repeat) {
          text.insert(at, piece);
        }
        break;
      }
      default:
        if (at < text.size()) {
          text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(8)));
        }
        break;
    }
  }
  return text;
}

}  // namespace stylus::chat
