#include "generator/lora/layer_delta.h"

#include <ATen/ops/kron.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>

#include <cstdint>
#include <vector>

#include "generator/lora/rotations.h"

namespace stylus::generator {
namespace {

/// left [O, r] times right [r, I, k, k].
at::Tensor product_of(const at::Tensor& left, const at::Tensor& right) {
  std::vector<std::int64_t> shape = right.sizes().vec();
  shape[0] = left.size(0);
  return at::mm(left.to(at::kFloat), right.to(at::kFloat).reshape({right.size(0), -1}))
      .reshape(shape);
}

/// W a a' + b b', the inputs of W [O, I, k, k] multiplied.
at::Tensor glora_delta(const std::vector<at::Tensor>& f, const at::Tensor& base) {
  const at::Tensor a = f[0].to(at::kFloat);
  const at::Tensor inputs_last = base.dim() == 4 ? base.permute({0, 2, 3, 1}) : base;
  const at::Tensor moved = at::matmul(at::matmul(inputs_last, a), f[1].to(at::kFloat));
  return (base.dim() == 4 ? moved.permute({0, 3, 1, 2}) : moved).add(product_of(f[2], f[3]));
}

/// What `layer` adds to `base` (float), magnitudes left out.
at::Tensor delta_from(const LayerFactors& layer, const at::Tensor& base) {
  const std::vector<at::Tensor>& f = layer.factors;
  switch (layer.kind) {
    case UpdateKind::kReplace:
      return f[0].to(at::kFloat).sub(base);
    case UpdateKind::kChannels:
      return base.mul(f[0].to(at::kFloat));
    case UpdateKind::kGlora:
      return glora_delta(f, base).mul_(layer.scale);
    case UpdateKind::kRotation:
    case UpdateKind::kButterfly: {
      at::Tensor moved =
          layer.kind == UpdateKind::kRotation ? rotated(f[0], base) : rotated_in_stages(f[0], base);
      if (f.size() > 1) {
        moved = moved.mul(f[1].to(at::kFloat));
      }
      return moved.sub_(base);
    }
    default:
      return dense_delta(layer);
  }
}

}  // namespace

bool depends_on_base(const LayerFactors& layer) {
  switch (layer.kind) {
    case UpdateKind::kLowRank:
    case UpdateKind::kHadamard:
    case UpdateKind::kKronecker:
    case UpdateKind::kDense:
      return layer.magnitude.defined();
    default:
      return true;
  }
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
  if (!depends_on_base(layer)) {
    return dense_delta(layer);
  }
  const at::Tensor original = base.to(at::kFloat);
  at::Tensor delta = delta_from(layer, original);
  if (!layer.magnitude.defined()) {
    return delta;
  }
  constexpr double kLeastNorm = 1e-12;
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
