#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/parameters.h"

namespace stylus::nn {

/// x + conv2(silu(norm2(conv1(silu(norm1 x)) + time_emb_proj(silu(temb))))), with a 1x1 convolution
/// on x where the channels change. diffusers' ResnetBlock2D.
class ResnetBlock {
 public:
  /// time_channels 0: without time embedding (VAE).
  ResnetBlock(const Scope& scope, std::int64_t in, std::int64_t out, std::int64_t time_channels,
              std::int64_t groups, double eps);

  /// x [B, in, H, W]; activated_time silu(temb) [B, time_channels], or undefined.
  [[nodiscard]] at::Tensor forward(const at::Tensor& x, const at::Tensor& activated_time) const;

 private:
  Norm norm1_;
  const Layer* conv1_;
  const Layer* time_projection_;
  Norm norm2_;
  const Layer* conv2_;
  const Layer* shortcut_;
};

/// Nearest neighbour to the given size, then a 3x3 convolution.
[[nodiscard]] at::Tensor upsampled(const Layer& conv, const at::Tensor& x, std::int64_t height,
                                   std::int64_t width);

}  // namespace stylus::nn
