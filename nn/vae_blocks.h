#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"
#include "nn/resnet_block.h"

namespace stylus::nn {

/// Group norm, one head of attention over all pixels, residual; biases everywhere. diffusers'
/// Attention in the middle of an AutoencoderKL.
class PixelAttention {
 public:
  PixelAttention(const Scope& scope, std::int64_t channels, std::int64_t groups);
  /// x [B, channels, H, W]
  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

 private:
  Norm norm_;
  const Layer* q_;
  const Layer* k_;
  const Layer* v_;
  const Layer* out_;
};

/// Resnet, attention, resnet.
class VaeMiddle {
 public:
  VaeMiddle(const Scope& scope, std::int64_t channels, const VaeConfig& config);
  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

 private:
  ResnetBlock first_;
  std::optional<PixelAttention> attention_;
  ResnetBlock second_;
};

/// Picture [B, 3, H, W] -> moments before quant_conv [B, 2 * latent_channels, H/8, W/8].
class VaeEncoder {
 public:
  VaeEncoder(const Scope& scope, const VaeConfig& config);
  [[nodiscard]] at::Tensor forward(at::Tensor x) const;

 private:
  struct Level {
    std::vector<ResnetBlock> resnets;
    const Layer* downsampler = nullptr;
  };
  const Layer* in_;
  std::vector<Level> levels_;
  std::optional<VaeMiddle> middle_;
  Norm norm_;
  const Layer* out_ = nullptr;
};

/// Latents after post_quant_conv [B, latent_channels, h, w] -> picture [B, 3, 8 h, 8 w].
class VaeDecoder {
 public:
  VaeDecoder(const Scope& scope, const VaeConfig& config);
  [[nodiscard]] at::Tensor forward(at::Tensor x) const;
  /// Dtype and device of the weights.
  [[nodiscard]] at::TensorOptions options() const { return in_->weight().options(); }

 private:
  struct Level {
    std::vector<ResnetBlock> resnets;
    const Layer* upsampler = nullptr;
  };
  const Layer* in_;
  std::optional<VaeMiddle> middle_;
  std::vector<Level> levels_;
  Norm norm_;
  const Layer* out_ = nullptr;
};

}  // namespace stylus::nn
