#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::generator {

/// A stretch of a prompt with one emphasis, or the end of a chunk.
struct PromptPiece {
  enum class Kind : std::uint8_t { kText, kBreak };

  Kind kind = Kind::kText;
  std::string text;     ///< UTF-8, escapes resolved; blanks as written. Empty for kBreak.
  double weight = 1.0;  ///< Emphasis; 1.0 for kBreak.
};

struct ParsedPrompt {
  std::vector<PromptPiece> pieces;    ///< Neighbouring texts have different weights; may be empty.
  std::vector<std::string> warnings;  ///< For people: what was left out, and why.
};

inline constexpr std::size_t kMaxPromptBytes = std::size_t{64} << 10U;

/// Reads a prompt in the grammar of A1111's web interface.
///
///   (x)        x with 1.1 times the weight          [x]        divided by 1.1
///   (x:1.3)    1.3 times; nested ones multiply      \( \) \[ \] \\   the characters themselves
///   BREAK      in capitals: the next words start a new chunk of 75 tokens
///
/// An open bracket that is never closed reaches to the end; a closing one without an opening is
/// text; a single backslash vanishes. Unlike A1111, BREAK inside brackets breaks, too.
/// <lora:...>, <lyco:...> and <hypernet:...> are removed with a warning: a plan carries adapters.
///
/// Requires: at most kMaxPromptBytes, at most 100 brackets open at once and weights within
///           +-10000, else Error(kInvalidArgument). What the native generator does not do is
///           Error(kUnsupported) with the words that are meant: [from:to:when], [a|b], AND.
/// Ensures:  invalid UTF-8 comes out as U+FFFD.
[[nodiscard]] ParsedPrompt parse_prompt(std::string_view prompt);

}  // namespace stylus::generator
