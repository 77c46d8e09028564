#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "generator/lora/key_map.h"

namespace stylus::generator {

/// A layer of a true model: what adapters see of it.
struct LayerShape {
  std::string path;
  std::vector<std::int64_t> weight;
  bool has_bias = true;
};

/// All linear layers and convolutions of the UNets, derived from their published configurations.
std::vector<LayerShape> sd15_unet_layers();
std::vector<LayerShape> sd2_unet_layers();
std::vector<LayerShape> sdxl_unet_layers();
/// Attention and MLP layers of a CLIP text model.
std::vector<LayerShape> clip_layers(std::int64_t layers, std::int64_t width);

/// A model of layers only. `make_weight` gives a tensor for a shape; without it the layers are on
/// the meta device: shapes without memory.
class ShapeModel {
 public:
  using MakeWeight = at::Tensor (*)(const std::vector<std::int64_t>&);

  void add(const std::string& component, const std::vector<LayerShape>& shapes,
           MakeWeight make_weight = nullptr);
  [[nodiscard]] const ComponentLayers& components() const { return components_; }

 private:
  std::deque<nn::Layer> layers_;
  ComponentLayers components_;
};

}  // namespace stylus::generator
