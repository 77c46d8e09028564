#include "generator/lora/bias_keeper.h"

#include <ATen/ops/zeros.h>

namespace stylus::generator {
namespace {

bool is_replaced_in_place(const LayerSlot& slot) {
  return slot.pristine_bias.defined() && !slot.pristine_bias.is_cpu();
}

}  // namespace

void BiasKeeper::change(const BiasUpdate& update) {
  LayerSlot& slot = *update.slot;
  const at::Tensor& weight = slot.layer->weight();
  const bool in_place = is_replaced_in_place(slot);
  if (in_place && copies_.count(&slot) == 0) {
    copies_.emplace(&slot, slot.pristine_bias.clone());
  }
  const at::Tensor& before = in_place ? copies_.at(&slot) : slot.pristine_bias;
  at::Tensor sum = at::zeros({weight.size(0)}, weight.options().dtype(at::kFloat));
  if (before.defined()) {
    sum.copy_(before);
  }
  for (const Contribution& one : update.contributions) {
    sum.add_(one.factors->bias.to(sum.device()), one.multiplier);
  }
  if (in_place) {
    slot.pristine_bias.copy_(sum);  // the tensor that the layer holds
  } else {
    slot.layer->set_bias(sum.to(weight.scalar_type()));
  }
  changed_.insert(&slot);
}

void BiasKeeper::restore(LayerSlot& slot) {
  if (changed_.empty() || changed_.erase(&slot) == 0) {
    return;
  }
  if (is_replaced_in_place(slot)) {
    slot.pristine_bias.copy_(copies_.at(&slot));
  } else {
    slot.layer->set_bias(slot.pristine_bias);
  }
}

}  // namespace stylus::generator
