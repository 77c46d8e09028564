#include "generator/lora/slot_memory.h"

#include <utility>

namespace stylus::generator {
namespace {

/// True if the pristine weight can be had from the checkpoint's file at any time, so that the
/// layer's own memory can hold the merged one.
bool has_source(const nn::Layer& layer) {
  return layer.stored_weight().defined() && layer.weight().is_cpu() &&
         rows_view(layer.weight()).defined();
}

}  // namespace

std::vector<LayerSlot> slots_of(const ComponentLayers& components) {
  std::vector<LayerSlot> slots;
  for (const auto& [component, layers] : components) {
    for (const auto& [path, layer] : layers) {
      LayerSlot slot;
      slot.component = component;
      slot.path = path;
      slot.layer = layer;
      slot.in_place = has_source(*layer);
      slot.pristine = slot.in_place ? layer->stored_weight() : layer->weight();
      slot.live = slot.in_place ? layer->weight() : at::Tensor{};
      slot.pristine_bias = layer->bias();
      slots.push_back(std::move(slot));
    }
  }
  return slots;
}

std::shared_ptr<PageFiller> prepare_buffers(std::span<const SlotUpdate> updates) {
  std::vector<LayerSlot*> without;
  std::vector<at::Tensor> models;
  for (const SlotUpdate& update : updates) {
    LayerSlot& slot = *update.slot;
    if (slot.live.defined()) {
      continue;
    }
    if (slot.pristine.is_cpu()) {
      without.push_back(&slot);
      models.push_back(slot.pristine);
    } else {
      slot.pristine = slot.layer->weight().clone();
      slot.live = slot.layer->weight();
      slot.in_place = true;
    }
  }
  NewTensors buffers = allocate_like(models);
  for (std::size_t i = 0; i < without.size(); ++i) {
    without[i]->live = std::move(buffers.tensors[i]);
  }
  return buffers.pages;
}

void restore_weight(LayerSlot& slot) {
  if (!slot.is_merged) {
    return;
  }
  slot.is_merged = false;
  if (slot.in_place) {
    slot.live.copy_(slot.pristine);
  } else {
    slot.layer->set_weight(slot.pristine);
  }
}

void release_buffer(LayerSlot& slot) {
  if (slot.in_place && slot.pristine.is_cpu()) {
    return;  // nothing was taken
  }
  if (slot.in_place) {
    slot.pristine = slot.live;
    slot.in_place = false;
  }
  slot.live = at::Tensor();
}

}  // namespace stylus::generator
