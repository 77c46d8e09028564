// Any bytes as a prompt: refused, or pieces of valid text with bounded weights whose chunks hold no
// more than they may.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "generator/clip_tokenizer.h"
#include "generator/prompt_chunks.h"
#include "generator/prompt_grammar.h"
#include "support/error.h"
#include "support/text.h"

namespace {

using stylus::generator::PromptPiece;

/// Some letters, a comma, one merge; everything else is the unknown token.
const stylus::generator::ClipTokenizer& tokenizer() {
  static const auto instance = stylus::generator::ClipTokenizer::from_vocabulary(
      R"({"a": 0, "b</w>": 1, "ab</w>": 2, ",</w>": 3, "<|startoftext|>": 4, "<|endoftext|>": 5})",
      "a b</w>\n", "fuzz");
  return instance;
}

bool is_sound(const stylus::generator::ParsedPrompt& prompt) {
  for (const PromptPiece& piece : prompt.pieces) {
    const bool is_break = piece.kind == PromptPiece::Kind::kBreak;
    if (is_break != piece.text.empty() || !std::isfinite(piece.weight) ||
        !stylus::is_valid_utf8(piece.text)) {
      return false;
    }
  }
  const std::vector<stylus::generator::LearnedWord> words = {{{2}, {6, 7}}};
  stylus::generator::ChunkOptions options;
  options.capacity = 7;
  options.comma_backtrack = 3;
  for (const auto& chunk :
       stylus::generator::cut_into_chunks(prompt, tokenizer(), words, options)) {
    if (chunk.ids.size() > options.capacity || chunk.ids.size() != chunk.weights.size()) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!is_sound(stylus::generator::parse_prompt(text))) {
      std::abort();
    }
  } catch (const stylus::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
