#pragma once

#include <span>

#include "generator/lora/layer_slot.h"

namespace stylus::generator {

/// Writes pristine + contributions into `slot->live` of every update, one layer at a time: one
/// product of the stacked factors per layer, accumulated in fp32, rounded once.
///
/// Biases are not touched. Every update must change the weight (not only the bias).
/// Requires: live is there, of the pristine weight's shape and device, and rows_view(live) defined.
/// Threads:  CPU: at::get_num_threads() over rows of all layers; large layers are cut so that a
///           piece stays in the cache between copy and product.
/// `pages`: brings the memory of new live tensors while other threads compute already; may be null.
void merge_layer_by_layer(std::span<const SlotUpdate> updates, PageFiller* pages = nullptr);

}  // namespace stylus::generator
