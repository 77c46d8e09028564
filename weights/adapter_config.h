#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stylus::weights {

/// What PEFT notes about a LoRA outside its tensors: alpha is not among them.
struct LoraConfig {
  std::optional<double> alpha;
  bool uses_rslora = false;                     ///< Scale is alpha / sqrt(rank).
  std::map<std::string, double> alpha_pattern;  ///< Module path or its end -> alpha.

  /// The alpha for a module, or nothing when the config is silent.
  [[nodiscard]] std::optional<double> alpha_of(std::string_view module) const;
};

/// The configs of a file, one a component; "" holds for all components.
struct AdapterConfig {
  std::map<std::string, LoraConfig> components;
  std::string base_model;  ///< base_model_name_or_path as written.

  [[nodiscard]] const LoraConfig* find(std::string_view component) const;
};

/// Reads the text of an adapter_config.json (PEFT's folder form).
/// Requires: a JSON object, else Error(kCorruptData) that starts with `what`. Fields of other types
///           than PEFT writes are ignored.
[[nodiscard]] AdapterConfig parse_adapter_config(std::string_view json, std::string_view what);

/// Reads the metadata value `lora_adapter_metadata` of diffusers ("unet.lora_alpha": 8, …); the
/// same rules.
[[nodiscard]] AdapterConfig parse_adapter_metadata(std::string_view json, std::string_view what);

/// The config in the adapter_config.json beside a PEFT folder's adapter_model.safetensors; empty
/// for other files. Errors as parse_adapter_config.
[[nodiscard]] AdapterConfig config_beside(const std::filesystem::path& adapter_file);

/// The config in the metadata `lora_adapter_metadata`, which goes before one beside the file;
/// nothing when there is none. `what` names the file in errors.
[[nodiscard]] std::optional<AdapterConfig> config_inside(
    const std::map<std::string, std::string>& metadata, std::string_view what);

}  // namespace stylus::weights
