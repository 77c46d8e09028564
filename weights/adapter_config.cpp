#include "weights/adapter_config.h"

#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "weights/shown_name.h"

namespace stylus::weights {
namespace {

void read_field(const std::string& field, const nlohmann::json& value, LoraConfig& config) {
  if (field == "lora_alpha" && value.is_number()) {
    config.alpha = value.get<double>();
  } else if (field == "use_rslora" && value.is_boolean()) {
    config.uses_rslora = value.get<bool>();
  } else if (field == "alpha_pattern" && value.is_object()) {
    for (const auto& [module, alpha] : value.items()) {
      if (alpha.is_number()) {
        config.alpha_pattern[module] = alpha.get<double>();
      }
    }
  }
}

nlohmann::json parse_object(std::string_view json, std::string_view what) {
  nlohmann::json object = parse_json(json, what, {.max_bytes = std::size_t{8} << 20U});
  require(object.is_object(), ErrorCode::kCorruptData, what, " is no JSON object");
  return object;
}

}  // namespace

std::optional<double> LoraConfig::alpha_of(std::string_view module) const {
  for (const auto& [pattern, value] : alpha_pattern) {
    std::string_view end = pattern;
    if (!end.empty() && end.front() == '^') {
      end.remove_prefix(1);
    }
    const bool fits =
        module.size() >= end.size() && !end.empty() &&
        module.substr(module.size() - end.size()) == end &&
        (module.size() == end.size() || module[module.size() - end.size() - 1] == '.');
    if (fits) {
      return value;
    }
  }
  return alpha;
}

const LoraConfig* AdapterConfig::find(std::string_view component) const {
  auto entry = components.find(std::string(component));
  if (entry == components.end()) {
    entry = components.find("");
  }
  return entry == components.end() ? nullptr : &entry->second;
}

AdapterConfig parse_adapter_config(std::string_view json, std::string_view what) {
  const nlohmann::json object = parse_object(json, what);
  AdapterConfig config;
  for (const auto& [field, value] : object.items()) {
    read_field(field, value, config.components[""]);
  }
  config.base_model = json_string(object, "base_model_name_or_path");
  return config;
}

AdapterConfig parse_adapter_metadata(std::string_view json, std::string_view what) {
  const nlohmann::json object = parse_object(json, what);
  AdapterConfig config;
  for (const auto& [key, value] : object.items()) {
    const std::size_t dot = key.find('.');
    if (dot != std::string::npos) {
      read_field(key.substr(dot + 1), value, config.components[key.substr(0, dot)]);
    }
  }
  return config;
}

AdapterConfig config_beside(const std::filesystem::path& adapter_file) {
  constexpr std::size_t kLongestConfig = std::size_t{8} << 20U;
  const std::filesystem::path config = adapter_file.parent_path() / "adapter_config.json";
  std::error_code ignored;
  if (adapter_file.filename() != "adapter_model.safetensors" ||
      !std::filesystem::is_regular_file(config, ignored)) {
    return {};
  }
  return parse_adapter_config(read_file(config, kLongestConfig), shown_name(config.string()));
}

std::optional<AdapterConfig> config_inside(const std::map<std::string, std::string>& metadata,
                                           std::string_view what) {
  const auto entry = metadata.find("lora_adapter_metadata");
  if (entry == metadata.end()) {
    return std::nullopt;
  }
  return parse_adapter_metadata(entry->second, std::string(what) + ", lora_adapter_metadata");
}

}  // namespace stylus::weights
