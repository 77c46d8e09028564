#include "nn/unet_blocks.h"

#include <ATen/ops/cat.h>

#include <utility>

namespace stylus::nn {
namespace {

SpatialTransformer make_attention(const Scope& scope, std::int64_t channels,
                                  const LevelOptions& options) {
  SpatialTransformer::Options attention = options.attention;
  attention.channels = channels;
  return {scope, attention};
}

at::Tensor attended(const SpatialTransformer& attention, const at::Tensor& x, BlockInputs& inputs) {
  at::Tensor result = attention.forward(x, inputs.context);
  inputs.context += attention.blocks().size();
  return result;
}

}  // namespace

DownBlock::DownBlock(const Scope& scope, std::int64_t in, std::int64_t out, bool downsamples,
                     const LevelOptions& options) {
  for (std::int64_t i = 0; i < options.layers; ++i) {
    const auto index = static_cast<std::size_t>(i);
    resnets_.emplace_back(scope.at("resnets", index), i == 0 ? in : out, out, options.time_channels,
                          options.groups, options.eps);
    if (options.has_attention) {
      attentions_.push_back(make_attention(scope.at("attentions", index), out, options));
    }
  }
  if (downsamples) {
    downsampler_ = scope.conv("downsamplers.0.conv", out, out, 3, 2, 1);
  }
}

at::Tensor DownBlock::forward(at::Tensor x, BlockInputs& inputs, Skips& skips) const {
  for (std::size_t i = 0; i < resnets_.size(); ++i) {
    x = resnets_[i].forward(x, inputs.activated_time);
    if (!attentions_.empty()) {
      x = attended(attentions_[i], x, inputs);
    }
    skips.push_back(x);
  }
  if (downsampler_ != nullptr) {
    x = downsampler_->forward(x);
    skips.push_back(x);
  }
  return x;
}

MidBlock::MidBlock(const Scope& scope, std::int64_t channels, const LevelOptions& options)
    : first_(scope.at("resnets", 0), channels, channels, options.time_channels, options.groups,
             options.eps),
      attention_(make_attention(scope.at("attentions", 0), channels, options)),
      second_(scope.at("resnets", 1), channels, channels, options.time_channels, options.groups,
              options.eps) {}

at::Tensor MidBlock::forward(const at::Tensor& x, BlockInputs& inputs) const {
  at::Tensor h = first_.forward(x, inputs.activated_time);
  h = attended(attention_, h, inputs);
  return second_.forward(h, inputs.activated_time);
}

UpBlock::UpBlock(const Scope& scope, const Channels& channels, bool upsamples,
                 const LevelOptions& options) {
  for (std::int64_t i = 0; i < options.layers; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const std::int64_t skip = i + 1 == options.layers ? channels.in : channels.out;
    resnets_.emplace_back(scope.at("resnets", index),
                          (i == 0 ? channels.previous : channels.out) + skip, channels.out,
                          options.time_channels, options.groups, options.eps);
    if (options.has_attention) {
      attentions_.push_back(make_attention(scope.at("attentions", index), channels.out, options));
    }
  }
  if (upsamples) {
    upsampler_ = scope.conv("upsamplers.0.conv", channels.out, channels.out, 3, 1, 1);
  }
}

at::Tensor UpBlock::forward(at::Tensor x, BlockInputs& inputs, Skips& skips) const {
  for (std::size_t i = 0; i < resnets_.size(); ++i) {
    x = at::cat({std::exchange(x, {}), std::exchange(skips.back(), {})}, 1);
    skips.pop_back();
    x = resnets_[i].forward(x, inputs.activated_time);
    if (!attentions_.empty()) {
      x = attended(attentions_[i], x, inputs);
    }
  }
  if (upsampler_ != nullptr) {
    const at::Tensor& next = skips.back();
    x = upsampled(*upsampler_, x, next.size(2), next.size(3));
  }
  return x;
}

}  // namespace stylus::nn
