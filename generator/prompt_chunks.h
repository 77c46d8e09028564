#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "generator/clip_tokenizer.h"
#include "generator/prompt_grammar.h"

namespace stylus::generator {

/// A textual inversion as a tokenizer sees it.
struct LearnedWord {
  std::vector<std::int64_t> name;     ///< Ids that its name has as text; not empty.
  std::vector<std::int64_t> vectors;  ///< Ids that stand for its vectors.
};

/// One sequence for a text encoder, without start, end and padding.
struct PromptChunk {
  std::vector<std::int64_t> ids;  ///< At most the chunk's capacity.
  std::vector<float> weights;     ///< One per id.

  [[nodiscard]] bool has_emphasis() const;
};

struct ChunkOptions {
  std::size_t capacity = 75;         ///< Ids a chunk holds, >= 1: the encoder's positions - 2.
  std::size_t comma_backtrack = 20;  ///< See cut_into_chunks; 0 cuts anywhere.
};

/// Cuts a prompt into chunks as A1111 does; at least one, which may be empty.
///
/// Each piece is tokenised by itself. When a chunk is full and its last comma is at most
/// `comma_backtrack` ids ago, what follows the comma moves to the next chunk. BREAK closes a chunk
/// however full it is. A learned word is put whole where its name's ids stand (of several that
/// match the longest name), in the next chunk if it does not fit.
/// Requires: every learned word fits a chunk.
[[nodiscard]] std::vector<PromptChunk> cut_into_chunks(const ParsedPrompt& prompt,
                                                       const ClipTokenizer& tokenizer,
                                                       const std::vector<LearnedWord>& words,
                                                       const ChunkOptions& options);

/// start, the chunk's ids, end, then `padding` up to capacity + 2 ids in all.
[[nodiscard]] std::vector<std::int64_t> padded_ids(const PromptChunk& chunk,
                                                   const ClipTokenizer& tokenizer,
                                                   std::int64_t padding, std::size_t capacity);

}  // namespace stylus::generator
