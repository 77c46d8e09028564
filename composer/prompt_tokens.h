#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::composer {

/// A word of a prompt.
struct Token {
  std::size_t begin = 0;  ///< Byte offsets [begin, end).
  std::size_t end = 0;
  std::string lower;          ///< Lower case; a typographic apostrophe is "'".
  bool after_break = false;   ///< A comma, full stop, bracket or line end stands before it.
  bool after_hyphen = false;  ///< Nothing but "-" stands between it and the word before.
};

/// Words: `[a-z0-9]+` with inner apostrophes, or runs of other letters, digits and symbols. Runs
/// of Han characters and kana are parted at 的, の and を.
/// Requires: valid UTF-8. Ensures: no token is longer than 200 bytes.
[[nodiscard]] std::vector<Token> tokens_of(std::string_view text);

}  // namespace stylus::composer
