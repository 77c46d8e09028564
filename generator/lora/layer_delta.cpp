#include "generator/lora/layer_delta.h"

#include <ATen/ops/kron.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>

#include <cstdint>
#include <vector>

namespace stylus::generator {
namespace {

/// left [O, r] times right [r, I, k, k].
at::Tensor product_of(const at::Tensor& left, const at::Tensor& right) {
  std::vector<std::int64_t> shape = right.sizes().vec();
  shape[0] = left.size(0);
  return at::mm(left.to(at::kFloat), right.to(at::kFloat).reshape({right.size(0), -1}))
      .reshape(shape);
}

}  // namespace

bool depends_on_base(const LayerFactors& layer) {
  return layer.kind == UpdateKind::kReplace || layer.magnitude.defined();
}

at::Tensor dense_delta(const LayerFactors& layer) {
  const std::vector<at::Tensor>& f = layer.factors;
  switch (layer.kind) {
    case UpdateKind::kLowRank:
      return product_of(f[0], f[1]).mul_(layer.scale);
    case UpdateKind::kHadamard:
      return product_of(f[0], f[1]).mul_(product_of(f[2], f[3])).mul_(layer.scale);
    case UpdateKind::kKronecker: {
      at::Tensor w1 = f[0].to(at::kFloat);
      const at::Tensor w2 = f[1].to(at::kFloat);
      while (w1.dim() < w2.dim()) {
        w1 = w1.unsqueeze(-1);
      }
      return at::kron(w1, w2).mul_(layer.scale);
    }
    default:
      return at::mul(f[0].to(at::kFloat), layer.scale);
  }
}

at::Tensor dense_delta(const LayerFactors& layer, const at::Tensor& base) {
  if (layer.kind == UpdateKind::kReplace) {
    return layer.factors[0].to(at::kFloat).sub(base.to(at::kFloat));
  }
  at::Tensor delta = dense_delta(layer);
  if (!layer.magnitude.defined()) {
    return delta;
  }
  constexpr double kLeastNorm = 1e-12;
  const at::Tensor original = base.to(at::kFloat);
  at::Tensor moved = delta.add_(original);
  const bool per_output = layer.magnitude_axis == MagnitudeAxis::kOutput;
  std::vector<std::int64_t> axes;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(base.dim()), 1);
  for (std::int64_t axis = 0; axis < base.dim(); ++axis) {
    if (axis != (per_output ? 0 : 1)) {
      axes.push_back(axis);
    }
  }
  shape[per_output ? 0 : 1] = layer.magnitude.size(0);
  const at::Tensor norm =
      at::linalg_vector_norm(moved, 2, at::OptionalIntArrayRef(axes), /*keepdim=*/true);
  moved.mul_(layer.magnitude.to(at::kFloat).reshape(shape)).div_(norm.clamp_min(kLeastNorm));
  return moved.sub_(original);
}

}  // namespace stylus::generator
