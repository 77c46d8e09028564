#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"
#include "nn/tower_block.h"

namespace stylus::nn {

/// SigLIP's text tower: transformers' SiglipTextModel.
///
///   h0 = token + position;  blocks without a mask;  head(LN(h)[last position])
/// Every row is read, padding too, and the last one speaks for the text: it was trained on texts
/// padded to max_positions.
/// Tensor names are transformers' ("text_model.encoder.layers.0.self_attn.q_proj.weight").
/// Thread safety: forward() may run from several threads.
/// Source: generation-and-evaluation 15.1; transformers' modeling_siglip.
class SiglipText {
 public:
  /// Error: see TensorSource::take.
  SiglipText(const SiglipTextConfig& config, TensorSource& source);

  /// ids [B, max_positions] int64 below vocab_size -> embeddings [B, projection_dim], not of unit
  /// length. Error(kInvalidArgument) for other shapes or unknown ids, Error(kUnavailable) out of
  /// memory.
  [[nodiscard]] at::Tensor forward(const at::Tensor& ids) const;

  [[nodiscard]] const SiglipTextConfig& config() const { return config_; }

 private:
  SiglipTextConfig config_;
  Parameters parameters_;
  const at::Tensor* token_embedding_ = nullptr;     // [vocab_size, W]
  const at::Tensor* position_embedding_ = nullptr;  // [max_positions, W]
  std::vector<TowerBlock> blocks_;
  Norm final_norm_;
  const Layer* head_ = nullptr;
};

}  // namespace stylus::nn
