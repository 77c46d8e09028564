#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nn/layer.h"
#include "weights/layer_update.h"

namespace stylus::generator {

/// The layers of a whole model: part ("unet", "text_encoder", "text_encoder_2") -> its layers.
using ComponentLayers = std::map<std::string, nn::LayerTable, std::less<>>;

/// One layer that an adapter's update was mapped to.
struct LayerAddress {
  std::string component;
  std::string path;  ///< Key of the component's LayerTable.
  nn::Layer* layer = nullptr;
  std::size_t number = 0;  ///< Among all layers of all parts, in the order of ComponentLayers.
};

/// Finds the layer of a model by any of the names that adapter files use for it.
///
/// Every module path is entered flattened (dots turned to underscores), once per spelling:
/// diffusers, ldm/sgm for UNets ("input_blocks_4_1_…"), the attention processors of old diffusers
/// ("…attn1.processor.to_q", "self_attn.to_q"), with and without "text_model." Lookup is exact;
/// nothing is guessed from a name's parts.
/// Thread safety: const after construction.
/// Cost: construction O(layers), a lookup O(name).
/// Names: formats-and-protocols 1.5, generation-and-evaluation 11.2.
class KeyMap {
 public:
  /// The layers must live as long as the map.
  explicit KeyMap(const ComponentLayers& components);

  /// `module` is a module path in a file's spelling, prefix and part removed. Null if unknown.
  [[nodiscard]] const LayerAddress* find(std::string_view component, std::string_view module) const;

  /// The layers that cloneofsimo's first format counts, in its order: linear layers below
  /// attentions and gates of the UNet (down, up, mid), those of the text encoder's attentions
  /// (k, v, q, out).
  [[nodiscard]] std::span<const LayerAddress> counted_layers(std::string_view component) const;

  [[nodiscard]] bool has_component(std::string_view component) const;
  [[nodiscard]] std::size_t layer_count() const { return layer_count_; }

 private:
  struct Part {
    std::unordered_map<std::string, LayerAddress> by_name;
    std::vector<LayerAddress> counted;
  };
  std::map<std::string, Part, std::less<>> parts_;
  std::size_t layer_count_ = 0;
};

/// The ldm/sgm spelling of a UNet's module path, derived from the model's own structure.
/// "down_blocks.1.attentions.0.proj_in" is "input_blocks.4.1.proj_in". Made once per model.
class LdmNames {
 public:
  /// `paths`: all layer paths of the UNet, for the number of blocks and layers per block.
  explicit LdmNames(const nn::LayerTable& unet);

  /// "" for paths that have no such name.
  [[nodiscard]] std::string of(std::string_view path) const;

 private:
  [[nodiscard]] bool up_block_has_attention(std::int64_t block) const;

  std::int64_t layers_per_block_ = 0;
  std::vector<bool> up_attention_;
};

}  // namespace stylus::generator
