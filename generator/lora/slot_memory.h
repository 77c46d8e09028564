#pragma once

#include <memory>
#include <span>
#include <vector>

#include "generator/lora/key_map.h"
#include "generator/lora/layer_slot.h"

namespace stylus::generator {

/// One slot per layer, in the order of `components`, with where its pristine values lie.
[[nodiscard]] std::vector<LayerSlot> slots_of(const ComponentLayers& components);

/// Gives every updated slot that has none a place for its merged weight: on the CPU a buffer, on a
/// GPU the layer's own memory, whose values are copied first. Returns what brings the pages of the
/// buffers; null where there are none.
std::shared_ptr<PageFiller> prepare_buffers(std::span<const SlotUpdate> updates);

/// The pristine weight back in the layer, bit for bit; nothing for a slot that is not merged.
void restore_weight(LayerSlot& slot);

/// Frees what prepare_buffers took. Requires: the weight was restored.
void release_buffer(LayerSlot& slot);

}  // namespace stylus::generator
