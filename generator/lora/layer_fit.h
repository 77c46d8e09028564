#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "weights/layer_update.h"

namespace stylus::generator {

/// Why an update does not fit a weight of this shape ("its update is [320, 768], the layer is
/// [640, 768]"); "" when it fits. `weight_sizes`: [O, I], [O, I, k, k], or [C] of a norm. Reads no
/// tensor bytes of more than one element.
[[nodiscard]] std::string update_misfit(const weights::LayerUpdate& update,
                                        at::IntArrayRef weight_sizes);

[[nodiscard]] inline bool is_norm(at::IntArrayRef weight_sizes) { return weight_sizes.size() == 1; }

/// "[320, 768]"
[[nodiscard]] std::string shape_text(at::IntArrayRef sizes);

}  // namespace stylus::generator
