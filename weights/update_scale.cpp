#include "weights/update_scale.h"

#include <cmath>
#include <limits>

#include "weights/scalar_value.h"

namespace stylus::weights {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_scaled_by_alpha(const LayerUpdate& layer) {
  switch (layer.algorithm) {
    case Algorithm::kLora:
    case Algorithm::kLoha:
    case Algorithm::kGlora:
      return true;
    case Algorithm::kLokr:
      return rank_of(layer) > 0;  // two whole factors ignore alpha
    default:
      return false;
  }
}

}  // namespace

UpdateScale update_scale(const LayerUpdate& layer, const AdapterConfig& config) {
  const auto rank = static_cast<double>(rank_of(layer));
  UpdateScale result{rank, 1};
  double divisor = rank;
  const Tensor* stored = layer.part(Part::kAlpha);
  const double stored_alpha = stored == nullptr ? kNan : scalar_value(*stored);
  if (!std::isnan(stored_alpha)) {
    result.alpha = stored_alpha;
  } else if (const LoraConfig* found = config.find(layer.component)) {
    result.alpha = found->alpha_of(layer.module).value_or(rank);
    divisor = found->uses_rslora ? std::sqrt(rank) : rank;
  }
  if (!is_scaled_by_alpha(layer)) {
    return result;
  }
  // Trainers take an alpha of 0 for "as large as the rank".
  result.scale = result.alpha == 0 ? 1 : result.alpha / divisor;
  if (const Tensor* scale = layer.part(Part::kScale)) {
    const double value = scalar_value(*scale);
    result.scale = std::isnan(value) ? result.scale : value;
  }
  return result;
}

}  // namespace stylus::weights
