#include "nn/vae_blocks.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>

#include <array>
#include <utility>

namespace stylus::nn {
namespace {

constexpr double kEps = 1e-6;

}  // namespace

PixelAttention::PixelAttention(const Scope& scope, std::int64_t channels, std::int64_t groups)
    : norm_(scope.group_norm("group_norm", channels, groups, kEps)),
      q_(scope.linear("to_q", channels, channels)),
      k_(scope.linear("to_k", channels, channels)),
      v_(scope.linear("to_v", channels, channels)),
      out_(scope.linear("to_out.0", channels, channels)) {}

at::Tensor PixelAttention::forward(const at::Tensor& x) const {
  const at::Tensor tokens = norm_.forward(x).permute({0, 2, 3, 1}).flatten(1, 2).unsqueeze(1);
  const at::Tensor mixed = at::scaled_dot_product_attention(
      q_->forward(tokens), k_->forward(tokens), v_->forward(tokens));  // [B, 1, HW, C]
  return out_->forward(mixed.squeeze(1))
      .unflatten(1, {x.size(2), x.size(3)})
      .permute({0, 3, 1, 2})
      .contiguous(x.suggest_memory_format())
      .add_(x);
}

VaeMiddle::VaeMiddle(const Scope& scope, std::int64_t channels, const VaeConfig& config)
    : first_(scope.at("resnets", 0), channels, channels, 0, config.norm_groups, kEps),
      second_(scope.at("resnets", 1), channels, channels, 0, config.norm_groups, kEps) {
  if (config.mid_block_attention) {
    attention_.emplace(scope.at("attentions", 0), channels, config.norm_groups);
  }
}

at::Tensor VaeMiddle::forward(const at::Tensor& x) const {
  at::Tensor h = first_.forward(x, {});
  if (attention_) {
    h = attention_->forward(h);
  }
  return second_.forward(h, {});
}

VaeEncoder::VaeEncoder(const Scope& scope, const VaeConfig& config) {
  const std::vector<std::int64_t>& widths = config.block_out_channels;
  in_ = scope.conv("conv_in", config.in_channels, widths[0], 3, 1, 1);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const Scope level = scope.at("down_blocks", i);
    Level& built = levels_.emplace_back();
    for (std::int64_t j = 0; j < config.layers_per_block; ++j) {
      const std::int64_t in = j > 0 ? widths[i] : widths[i == 0 ? 0 : i - 1];
      built.resnets.emplace_back(level.at("resnets", static_cast<std::size_t>(j)), in, widths[i], 0,
                                 config.norm_groups, kEps);
    }
    if (i + 1 < widths.size()) {
      built.downsampler = level.conv("downsamplers.0.conv", widths[i], widths[i], 3, 2, 0);
    }
  }
  middle_.emplace(scope.at("mid_block"), widths.back(), config);
  norm_ = scope.group_norm("conv_norm_out", widths.back(), config.norm_groups, kEps);
  out_ = scope.conv("conv_out", widths.back(), 2 * config.latent_channels, 3, 1, 1);
}

at::Tensor VaeEncoder::forward(at::Tensor x) const {
  x = in_->forward(x);
  for (const Level& level : levels_) {
    for (const ResnetBlock& resnet : level.resnets) {
      x = resnet.forward(x, {});
    }
    if (level.downsampler != nullptr) {  // one pixel more at the right and the bottom only
      x = level.downsampler->forward(
          at::constant_pad_nd(x, std::array<std::int64_t, 4>{0, 1, 0, 1}));
    }
  }
  x = norm_.forward(middle_->forward(x));
  return out_->forward(at::silu_(x));
}

VaeDecoder::VaeDecoder(const Scope& scope, const VaeConfig& config) {
  const std::vector<std::int64_t> widths(config.block_out_channels.rbegin(),
                                         config.block_out_channels.rend());
  in_ = scope.conv("conv_in", config.latent_channels, widths[0], 3, 1, 1);
  middle_.emplace(scope.at("mid_block"), widths[0], config);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const Scope level = scope.at("up_blocks", i);
    Level& built = levels_.emplace_back();
    for (std::int64_t j = 0; j <= config.layers_per_block; ++j) {
      const std::int64_t in = j > 0 ? widths[i] : widths[i == 0 ? 0 : i - 1];
      built.resnets.emplace_back(level.at("resnets", static_cast<std::size_t>(j)), in, widths[i], 0,
                                 config.norm_groups, kEps);
    }
    if (i + 1 < widths.size()) {
      built.upsampler = level.conv("upsamplers.0.conv", widths[i], widths[i], 3, 1, 1);
    }
  }
  norm_ = scope.group_norm("conv_norm_out", widths.back(), config.norm_groups, kEps);
  out_ = scope.conv("conv_out", widths.back(), config.out_channels, 3, 1, 1);
}

at::Tensor VaeDecoder::forward(at::Tensor x) const {
  x = middle_->forward(in_->forward(x));
  for (const Level& level : levels_) {
    for (const ResnetBlock& resnet : level.resnets) {
      x = resnet.forward(x, {});
    }
    if (level.upsampler != nullptr) {
      x = upsampled(*level.upsampler, x, 2 * x.size(2), 2 * x.size(3));
    }
  }
  x = norm_.forward(x);
  return out_->forward(at::silu_(x));
}

}  // namespace stylus::nn
