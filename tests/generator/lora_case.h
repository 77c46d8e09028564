#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "generator/lora/adapter_weights.h"
#include "generator/lora/lora_engine.h"

namespace stylus::generator {

/// A golden case of tests/golden/generator/lora: layers, adapter files, what they become. The form
/// is told in tests/golden/goldens/lora.py.
class LoraCase {
 public:
  struct Variant {
    at::ScalarType dtype = at::kFloat;
    bool channels_last = false;
    /// Layers keep their weight in this type too, as one that a checkpoint's file holds.
    std::optional<at::ScalarType> stored = std::nullopt;
  };

  explicit LoraCase(const std::string& name, Variant variant);
  explicit LoraCase(const std::string& name) : LoraCase(name, Variant{}) {}

  [[nodiscard]] const ComponentLayers& components() const { return components_; }
  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  [[nodiscard]] std::size_t file_count() const { return files_.size(); }
  /// Bytes of an adapter file; may be changed to see who notices.
  [[nodiscard]] std::string& file(std::size_t index) { return files_[index]; }

  /// Reads file `index` for the layers that `keys` knows.
  [[nodiscard]] AdapterPtr load(std::size_t index, const KeyMap& keys) const;
  /// All files with the case's weights.
  [[nodiscard]] std::vector<AdapterUse> uses(const KeyMap& keys) const;

  /// The largest difference between the layers and what the reference says, in tolerances; layers
  /// that it does not name must be as they were. `where` tells the place.
  [[nodiscard]] double distance(std::string* where = nullptr) const;
  /// True if all weights and biases are bit for bit the base's.
  [[nodiscard]] bool is_pristine() const;

 private:
  std::map<std::string, at::Tensor> base_;    ///< "unet.conv_in.weight"
  std::map<std::string, at::Tensor> expect_;  ///< Only what changes.
  std::vector<std::string> files_;
  std::vector<double> weights_;
  std::deque<nn::Layer> layers_;
  ComponentLayers components_;
};

}  // namespace stylus::generator
