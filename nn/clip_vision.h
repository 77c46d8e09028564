#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"

namespace stylus::nn {

/// A CLIP picture tower: transformers' CLIPVisionModelWithProjection, or SigLIP's picture tower.
///
///   CLIP:   h0 = LN_pre([class, patches] + position); blocks; projection(LN_post(h[class]))
///   SigLIP: h0 = patches + position;                  blocks; attention pooling of LN_post(h)
/// Blocks are those of the text tower without a mask.
/// Tensor names are transformers' ("vision_model.encoder.layers.0.self_attn.q_proj.weight").
/// Thread safety: forward() may run from several threads.
/// Source: generation-and-evaluation 15.1.
class ClipVision {
 public:
  /// Error: see TensorSource::take.
  ClipVision(const ClipVisionConfig& config, TensorSource& source);

  /// pixels [B, 3, S, S], normalised -> embeddings [B, projection_dim], not of unit length.
  /// Error(kInvalidArgument) for another shape, Error(kUnavailable) out of memory.
  [[nodiscard]] at::Tensor forward(const at::Tensor& pixels) const;

  [[nodiscard]] const ClipVisionConfig& config() const { return config_; }

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
  /// SigLIP's head: one learned query looks at all patches, then a residual MLP.
  struct Pool {
    const at::Tensor* probe = nullptr;      // [1, 1, W]
    const at::Tensor* in_weight = nullptr;  // [3 W, W]: query, key and value
    const at::Tensor* in_bias = nullptr;    // [3 W]
    const Layer* out = nullptr;
    Norm norm;
    const Layer* fc1 = nullptr;
    const Layer* fc2 = nullptr;
  };
  [[nodiscard]] at::Tensor run_block(const Block& block, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor attend(const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) const;
  [[nodiscard]] at::Tensor activate(at::Tensor x) const;
  [[nodiscard]] at::Tensor pooled(const at::Tensor& h) const;

  ClipVisionConfig config_;
  Parameters parameters_;
  const at::Tensor* class_embedding_ = nullptr;
  const at::Tensor* position_embedding_ = nullptr;
  const Layer* patches_ = nullptr;
  Norm norm_before_, norm_after_;
  std::vector<Block> blocks_;
  const Layer* projection_ = nullptr;
  Pool pool_;
};

}  // namespace stylus::nn
