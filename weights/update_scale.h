#pragma once

#include "weights/adapter_config.h"
#include "weights/layer_update.h"

namespace stylus::weights {

/// How the product of a layer's factors is scaled.
struct UpdateScale {
  double alpha = 0;  ///< As stored or configured; the rank when neither says.
  double scale = 1;  ///< What multiplies the product: alpha / rank, alpha / sqrt(rank) for rsLoRA.
};

/// The scale of a layer from its own alpha or scale tensor, else from the config. An alpha of 0
/// counts as the rank, as trainers take it; algorithms without alpha have scale 1.
[[nodiscard]] UpdateScale update_scale(const LayerUpdate& layer, const AdapterConfig& config);

}  // namespace stylus::weights
