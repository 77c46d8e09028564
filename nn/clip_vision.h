#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"
#include "nn/tower_block.h"

namespace stylus::nn {

/// A CLIP picture tower: transformers' CLIPVisionModelWithProjection, or SigLIP's picture tower.
///
///   CLIP:   h0 = LN_pre([class, patches] + position); blocks; projection(LN_post(h[class]))
///   SigLIP: h0 = patches + position;                  blocks; attention pooling of LN_post(h)
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
  [[nodiscard]] at::Tensor pooled(const at::Tensor& h) const;

  ClipVisionConfig config_;
  Parameters parameters_;
  const at::Tensor* class_embedding_ = nullptr;
  const at::Tensor* position_embedding_ = nullptr;
  const Layer* patches_ = nullptr;
  Norm norm_before_, norm_after_;
  std::vector<TowerBlock> blocks_;
  const Layer* projection_ = nullptr;
  Pool pool_;
};

}  // namespace stylus::nn
