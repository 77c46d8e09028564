#pragma once

#include <string>

#include "weights/layer_update.h"

namespace stylus::weights {

/// Why the factors of this layer cannot be multiplied, with both facts; "" when they can.
///
/// Every shape that the norm computation relies on is checked here, so that it may trust a layer
/// that passed.
[[nodiscard]] std::string shape_problem(const LayerUpdate& layer);

}  // namespace stylus::weights
