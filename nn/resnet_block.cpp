#include "nn/resnet_block.h"

#include <ATen/ops/silu.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <array>

namespace stylus::nn {

ResnetBlock::ResnetBlock(const Scope& scope, std::int64_t in, std::int64_t out,
                         std::int64_t time_channels, std::int64_t groups, double eps)
    : norm1_(scope.group_norm("norm1", in, groups, eps)),
      conv1_(scope.conv("conv1", in, out, 3, 1, 1)),
      time_projection_(time_channels > 0 ? scope.linear("time_emb_proj", time_channels, out)
                                         : nullptr),
      norm2_(scope.group_norm("norm2", out, groups, eps)),
      conv2_(scope.conv("conv2", out, out, 3, 1, 1)),
      shortcut_(in != out ? scope.conv("conv_shortcut", in, out, 1) : nullptr) {}

at::Tensor ResnetBlock::forward(const at::Tensor& x, const at::Tensor& activated_time) const {
  at::Tensor h = conv1_->forward(norm1_.forward_silu(x));
  if (time_projection_ != nullptr) {
    h.add_(time_projection_->forward(activated_time).unsqueeze(-1).unsqueeze(-1));
  }
  h = conv2_->forward(norm2_.forward_silu(h));
  return h.add_(shortcut_ != nullptr ? shortcut_->forward(x) : x);
}

at::Tensor upsampled(const Layer& conv, const at::Tensor& x, std::int64_t height,
                     std::int64_t width) {
  return conv.forward(at::upsample_nearest2d(x, std::array{height, width}));
}

}  // namespace stylus::nn
