#include "nn/layer.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>

#include <array>
#include <utility>

#include "support/error.h"

namespace stylus::nn {
namespace {

/// scale [R] or [B, R], shaped to multiply `low`, whose channel dimension is last (linear) or
/// second (convolution).
at::Tensor scale_for(const at::Tensor& scale, const at::Tensor& low, Layer::Kind kind) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(low.dim()), 1);
  const std::size_t channel = kind == Layer::Kind::kLinear ? shape.size() - 1 : 1;
  shape[channel] = scale.size(-1);
  if (scale.dim() == 2) {
    shape[0] = scale.size(0);
  }
  return scale.view(shape);
}

}  // namespace

Layer::Layer(Kind kind, at::Tensor weight, at::Tensor bias, std::int64_t stride,
             std::int64_t padding)
    : kind_(kind),
      weight_(std::move(weight)),
      bias_(std::move(bias)),
      stride_(stride),
      padding_(padding) {}

Layer Layer::linear(at::Tensor weight, at::Tensor bias) {
  return {Kind::kLinear, std::move(weight), std::move(bias), 1, 0};
}

Layer Layer::conv2d(at::Tensor weight, at::Tensor bias, std::int64_t stride, std::int64_t padding) {
  return {Kind::kConv2d, std::move(weight), std::move(bias), stride, padding};
}

Layer Layer::norm(at::Tensor weight, at::Tensor bias) {
  return {Kind::kNorm, std::move(weight), std::move(bias), 1, 0};
}

at::Tensor Layer::forward(const at::Tensor& x) const {
  const bool is_linear = kind_ == Kind::kLinear;
  const std::array<std::int64_t, 2> stride = {stride_, stride_};
  const std::array<std::int64_t, 2> padding = {padding_, padding_};
  at::Tensor y =
      is_linear ? at::linear(x, weight_, bias_) : at::conv2d(x, weight_, bias_, stride, padding);
  if (branch_) {
    const at::Tensor low =
        is_linear ? at::linear(x, branch_->down)                        // [..., R]
                  : at::conv2d(x, branch_->down, {}, stride, padding);  // [B, R, H', W']
    const at::Tensor scaled = at::mul(low, scale_for(branch_->scale, low, kind_));
    const at::Tensor update = is_linear
                                  ? at::linear(scaled, branch_->up)
                                  : at::conv2d(scaled, branch_->up.unsqueeze(-1).unsqueeze(-1));
    // All images may share one row of x (the time step) and have updates of their own.
    y = y.size(0) == update.size(0) ? y.add_(update) : y.add(update);
  }
  return y;
}

void Layer::set_weight(at::Tensor weight) {
  require(weight.sizes() == weight_.sizes(), ErrorCode::kInvalidArgument,
          "a weight of another shape was given to a layer");
  weight_ = std::move(weight);
}

void Layer::set_bias(at::Tensor bias) {
  require(!bias.defined() || !bias_.defined() || bias.sizes() == bias_.sizes(),
          ErrorCode::kInvalidArgument, "a bias of another shape was given to a layer");
  bias_ = std::move(bias);
}

}  // namespace stylus::nn
