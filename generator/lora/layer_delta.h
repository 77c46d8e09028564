#pragma once

#include <ATen/core/Tensor.h>

#include "generator/lora/layer_factors.h"

namespace stylus::generator {

/// True if what the update adds is no sum of its own: it depends on the base weights.
[[nodiscard]] bool depends_on_base(const LayerFactors& layer);

/// The delta at strength 1, scale included, as float on the factors' device, [O, I] or
/// [O, I, k, k]. Requires: an update that does not depend on the base.
/// Cost: O(r O I); the result is as large as the weight.
[[nodiscard]] at::Tensor dense_delta(const LayerFactors& layer);

/// What the layer adds to `base` at strength 1, bias left out; float, the shape of `base`.
/// Any kind. `base` is the pristine weight, any floating type, on the factors' device.
[[nodiscard]] at::Tensor dense_delta(const LayerFactors& layer, const at::Tensor& base);

}  // namespace stylus::generator
