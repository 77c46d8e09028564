#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generator/lora/key_map.h"
#include "generator/lora/layer_factors.h"

namespace stylus::generator {

/// What became of an adapter file's contents.
struct AdapterReport {
  std::string file;
  std::string base;     ///< Family that the file looks made for: "sd15", "sdxl", …; "" unknown.
  std::string dialect;  ///< weights::AdapterFacts::dialect
  std::size_t layers = 0;   ///< Layers that the file changes, of the parts that the model has.
  std::size_t applied = 0;  ///< Of these, the ones that the model has.
  /// Layers of parts that are not there (text encoders when only a UNet was given).
  std::size_t foreign_layers = 0;
  std::vector<std::string> unused;    ///< Layer and tensor names that changed nothing, and why.
  std::vector<std::string> warnings;  ///< For people.

  /// applied / layers; 1 for a file without layers of these parts.
  [[nodiscard]] double coverage() const {
    return layers == 0 ? 1 : static_cast<double>(applied) / static_cast<double>(layers);
  }
};

/// An adapter in memory, mapped to the layers of one model. Immutable.
struct AdapterWeights {
  std::vector<LayerFactors> layers;  ///< At most one per layer of the model.
  AdapterReport report;
  std::int64_t bytes = 0;  ///< Of the factors.
  /// By class of the engine that loaded the adapter; the low-rank factors of `layers` are views of
  /// it then. Empty where layers are merged one by one.
  std::vector<StackedFactors> stacked;
};

using AdapterPtr = std::shared_ptr<const AdapterWeights>;

struct AdapterLoadOptions {
  double least_coverage = 0.9;  ///< Files below are refused; 0 takes any file with one fit.
  bool pinned = false;          ///< Page-locked memory, so that a GPU can fetch it directly.
};

/// Reads an adapter file (safetensors) and maps it to a model's layers.
///
/// Requires: a file that weights/adapter_file.h recognises, else its errors. Error(kUnsupported)
///           by name for enlarged layers and GLoRA with a core, for textual inversions, and
///           when fewer than least_coverage of the file's layers fit the model: the message says
///           what the file looks like. All of that is decided from the header, before tensor bytes
///           are read.
/// Ensures:  no reference to the file remains.
/// Thread safety: free function; the key map is only read.
/// Cost:     one read of the file.
[[nodiscard]] AdapterPtr load_adapter(const std::filesystem::path& file, const KeyMap& keys,
                                      const AdapterLoadOptions& options = {});

/// The same from bytes in memory, without an adapter_config.json; `what` names it in messages.
[[nodiscard]] AdapterPtr load_adapter(std::span<const std::byte> bytes, std::string_view what,
                                      const KeyMap& keys, const AdapterLoadOptions& options = {});

}  // namespace stylus::generator
