#pragma once

#include <unordered_map>
#include <unordered_set>

#include "generator/lora/engine_plan.h"

namespace stylus::generator {

/// Changes biases from their pristine values and puts those back.
/// On a GPU the values are replaced in place, on the CPU the tensor is.
class BiasKeeper {
 public:
  void change(const BiasUpdate& update);
  /// Does nothing for a bias that is as it was.
  void restore(LayerSlot& slot);

 private:
  std::unordered_set<const LayerSlot*> changed_;
  std::unordered_map<const LayerSlot*, at::Tensor> copies_;  ///< Of those replaced in place.
};

}  // namespace stylus::generator
