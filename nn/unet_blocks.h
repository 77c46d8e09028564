#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/config.h"
#include "nn/parameters.h"
#include "nn/resnet_block.h"
#include "nn/transformer_block.h"

namespace stylus::nn {

/// What blocks get besides the picture.
struct BlockInputs {
  at::Tensor activated_time;          ///< silu(temb) [B, time_channels]
  const KeyValue* context = nullptr;  ///< Of the next transformer block; blocks move it on.
};

/// Skip connections: pushed on the way down, popped on the way up.
using Skips = std::vector<at::Tensor>;

/// The numbers of one resolution level.
struct LevelOptions {
  std::int64_t layers = 1;
  std::int64_t time_channels = 0;
  double eps = 1e-5;
  std::int64_t groups = 32;
  bool has_attention = false;
  SpatialTransformer::Options attention;  ///< `channels` are filled in by the block.
};

/// Resnets, each followed by a transformer where the level has attention, then a 3x3 convolution of
/// stride 2. diffusers' DownBlock2D and CrossAttnDownBlock2D.
class DownBlock {
 public:
  DownBlock(const Scope& scope, std::int64_t in, std::int64_t out, bool downsamples,
            const LevelOptions& options);

  /// Pushes the result of every layer and of the convolution.
  [[nodiscard]] at::Tensor forward(at::Tensor x, BlockInputs& inputs, Skips& skips) const;
  [[nodiscard]] const std::vector<SpatialTransformer>& attentions() const { return attentions_; }

 private:
  std::vector<ResnetBlock> resnets_;
  std::vector<SpatialTransformer> attentions_;
  const Layer* downsampler_ = nullptr;
};

/// Resnet, transformer, resnet. diffusers' UNetMidBlock2DCrossAttn with one layer.
class MidBlock {
 public:
  MidBlock(const Scope& scope, std::int64_t channels, const LevelOptions& options);

  [[nodiscard]] at::Tensor forward(const at::Tensor& x, BlockInputs& inputs) const;
  [[nodiscard]] const SpatialTransformer& attention() const { return attention_; }

 private:
  ResnetBlock first_;
  SpatialTransformer attention_;
  ResnetBlock second_;
};

/// As DownBlock, but each resnet also reads a skip connection and the last step upsamples.
/// diffusers' UpBlock2D and CrossAttnUpBlock2D.
class UpBlock {
 public:
  struct Channels {
    std::int64_t previous = 0;  ///< Of x at the first resnet.
    std::int64_t out = 0;
    std::int64_t in = 0;  ///< Of the last skip connection; the others have `out`.
  };
  UpBlock(const Scope& scope, const Channels& channels, bool upsamples,
          const LevelOptions& options);

  /// Pops one skip a resnet; upsamples to the size of the next one.
  [[nodiscard]] at::Tensor forward(at::Tensor x, BlockInputs& inputs, Skips& skips) const;
  [[nodiscard]] const std::vector<SpatialTransformer>& attentions() const { return attentions_; }

 private:
  std::vector<ResnetBlock> resnets_;
  std::vector<SpatialTransformer> attentions_;
  const Layer* upsampler_ = nullptr;
};

}  // namespace stylus::nn
