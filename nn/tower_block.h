#pragma once

#include <ATen/core/Tensor.h>

#include "nn/config.h"
#include "nn/parameters.h"

namespace stylus::nn {

/// softmax(q kᵀ / √d) v with `heads` heads, no mask. q [B, L, W]; k, v [B, M, W] -> [B, L, W].
[[nodiscard]] at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                std::int64_t heads);

/// The activation of a tower's MLP; may work in place.
[[nodiscard]] at::Tensor activated(at::Tensor x, ClipActivation activation);

/// A block of CLIP's picture tower and of both SigLIP towers: no mask.
///
///   h = x + out(attention(LN1 x));  h + fc2(activation(fc1(LN2 h)))
class TowerBlock {
 public:
  struct Sizes {
    std::int64_t width = 0, heads = 0, intermediate = 0;
    ClipActivation activation = ClipActivation::kQuickGelu;
    double layer_norm_eps = 1e-5;
  };
  /// layer: "….encoder.layers.0". Error: see TensorSource::take.
  TowerBlock(const Scope& layer, const Sizes& sizes);

  /// x [B, L, width] -> the same shape.
  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

 private:
  Sizes sizes_;
  Norm norm1_, norm2_;
  const Layer* q_;
  const Layer* k_;
  const Layer* v_;
  const Layer* out_;
  const Layer* fc1_;
  const Layer* fc2_;
};

}  // namespace stylus::nn
