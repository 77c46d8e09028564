#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"

namespace stylus::nn {

/// A CLIP text encoder: transformers' CLIPTextModel and CLIPTextModelWithProjection.
///
///   h0 = token + position;  h += out(attention(LN1 h));  h += fc2(gelu(fc1(LN2 h)))
/// with a causal mask and no padding mask.
/// Tensor names are transformers' ("text_model.encoder.layers.0.self_attn.q_proj.weight"); so are
/// the layer paths.
/// Thread safety: forward() may run from several threads while nobody changes the model.
class ClipText {
 public:
  /// Error: see TensorSource::take.
  ClipText(const ClipTextConfig& config, TensorSource& source);

  struct Output {
    /// hidden[0]: embeddings; hidden[n]: output of the last block, before the final norm. Each
    /// [B, L, width]. transformers' hidden_states.
    std::vector<at::Tensor> hidden;
    at::Tensor last;       ///< final_norm(hidden.back())
    at::Tensor pooled;     ///< [B, width]: the row of `last` at the first end-of-text token.
    at::Tensor projected;  ///< [B, projection_dim]; undefined without a projection.
  };
  /// ids [B, L] int64, L <= max_positions; ids from vocab_size on index the extra embeddings.
  /// Error(kInvalidArgument) for other shapes or unknown ids, Error(kUnavailable) out of memory.
  [[nodiscard]] Output forward(const at::Tensor& ids) const;

  /// The final layer norm, for clip skip: final_norm(hidden[n - skipped]).
  [[nodiscard]] at::Tensor final_norm(const at::Tensor& hidden) const;

  /// [vocab_size, width]
  [[nodiscard]] const at::Tensor& token_embedding() const { return *token_embedding_; }
  /// Textual inversion: ids vocab_size + i mean rows[i]; rows [N, width], or undefined for none.
  void set_extra_embeddings(const at::Tensor& rows);

  [[nodiscard]] LayerTable layers() const { return parameters_.layers(); }
  [[nodiscard]] TensorTable tensors() const { return parameters_.tensors(); }
  [[nodiscard]] const ClipTextConfig& config() const { return config_; }
  /// Drops side branches.
  void to(at::Device device, at::ScalarType dtype);

 private:
  struct Block {
    Norm norm1;
    const Layer* q;
    const Layer* k;
    const Layer* v;
    const Layer* out;
    Norm norm2;
    const Layer* fc1;
    const Layer* fc2;
  };
  [[nodiscard]] at::Tensor embed(const at::Tensor& ids) const;
  [[nodiscard]] at::Tensor run_block(const Block& block, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor end_positions(const at::Tensor& ids) const;

  ClipTextConfig config_;
  Parameters parameters_;
  const at::Tensor* token_embedding_ = nullptr;
  const at::Tensor* position_embedding_ = nullptr;
  std::vector<Block> blocks_;
  Norm final_norm_;
  const Layer* projection_ = nullptr;
  at::Tensor extra_embeddings_;
};

}  // namespace stylus::nn
