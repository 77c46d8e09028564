#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "generator/clip_tokenizer.h"
#include "generator/prompt_chunks.h"
#include "generator/textual_inversion.h"
#include "nn/clip_text.h"

namespace stylus::generator {

/// One text encoder of a checkpoint and the tokenizer that belongs to it; both must outlive whoever
/// is given them.
struct TextStage {
  nn::ClipText* model = nullptr;
  const ClipTokenizer* tokenizer = nullptr;
  /// Id after the end of the text: the end token for CLIP-L, 0 for OpenCLIP H and bigG. That is the
  /// id of "!" within a word; a "!" of a prompt ends one and stays "!</w>", as in training and in
  /// A1111, where transformers' tokenizers of SD 2 and SDXL make it the padding.
  std::int64_t padding = 0;
};

/// How hidden states become the UNet's context.
enum class ContextStyle : std::uint8_t {
  kFinalNorm,    ///< SD 1 and 2: final_norm(hidden[n - dropped]); 0 dropped by default.
  kPenultimate,  ///< SDXL: hidden[n - 1 - dropped] of both encoders side by side, and a pooled row.
};

struct PromptOptions {
  /// More layers left out at the end of each encoder, for all prompts alike. A1111's and our
  /// command line's "clip skip n" is n - 1; diffusers' clip_skip=k is k, but for the negative.
  std::int64_t layers_dropped = 0;
};

/// Prompts as the UNet wants them.
struct PromptEncoding {
  at::Tensor
      context;        ///< [B, L k, D]: L positions a chunk, k chunks; the model's dtype and device.
  at::Tensor pooled;  ///< [B, P] of the first chunk (SDXL); undefined for SD 1 and 2.
  std::int64_t chunks = 0;            ///< k
  std::vector<std::string> warnings;  ///< Of all prompts, each text once.
};

/// Turns prompts in A1111's grammar into contexts.
///
/// Every prompt is cut into chunks of (positions - 2) tokens (prompt_chunks.h); all prompts of one
/// call get as many chunks as the longest; each chunk is encoded by itself, and the outputs stand
/// one behind the other. Emphasis "Original": a chunk's rows are multiplied by their tokens'
/// weights, then the chunk by a factor that restores its mean; chunks without emphasis stay as they
/// are.
///
/// Thread safety: as nn::ClipText: encode() from several threads while nobody changes the models.
class PromptEncoder {
 public:
  /// Requires: 1 stage for kFinalNorm, 1 or 2 for kPenultimate, equal max_positions >= 3, a
  ///           tokenizer whose ids the model has, else Error(kInvalidArgument).
  PromptEncoder(std::vector<TextStage> stages, ContextStyle style);

  /// Makes textual inversions known by their names and gives the models their vectors. Replaces
  /// those of an earlier call; an empty list removes all.
  /// Requires: vectors of the encoders' widths, as many as there are encoders, no more of them than
  ///           fit a chunk, names that the tokenizer knows, each once; else Error(kInvalidArgument)
  ///           that names the inversion, and nothing is changed.
  void set_textual_inversions(const std::vector<TextualInversion>& inversions);

  /// One row per prompt: give positive and negative prompts together, they need equal lengths.
  /// Requires: at least one prompt; see parse_prompt and ClipText::forward for errors.
  /// Cost: one forward of each encoder on (prompts x chunks) sequences.
  [[nodiscard]] PromptEncoding encode(const std::vector<std::string>& prompts,
                                      const PromptOptions& options = {}) const;

  /// For `prompt` alone, as the first tokenizer sees it: used tokens and chunks, for people.
  [[nodiscard]] std::vector<PromptChunk> chunks_of(const std::string& prompt) const;

 private:
  struct StageRows {
    at::Tensor context;  // [B k, L, D]
    at::Tensor pooled;   // [B, P]
  };
  [[nodiscard]] StageRows run(const TextStage& stage,
                              const std::vector<std::vector<PromptChunk>>& prompts,
                              const PromptOptions& options) const;

  std::vector<TextStage> stages_;
  ContextStyle style_;
  std::vector<std::vector<LearnedWord>> words_;  // per stage
};

}  // namespace stylus::generator
