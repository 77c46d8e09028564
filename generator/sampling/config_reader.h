#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/error.h"

// Typed access to a scheduler_config.json. Keys that are absent or null leave the value as it is.
namespace stylus::generator::sampling {

/// `text` with Python's bare Infinity, -Infinity and NaN replaced by null: json.dumps writes them,
/// JSON does not have them. Strings stay as they are.
[[nodiscard]] std::string without_python_numbers(std::string_view text);

class ConfigReader {
 public:
  /// `json` is an object and outlives the reader.
  ConfigReader(const nlohmann::json& json, std::string what, std::string sampler_names)
      : json_(json), what_(std::move(what)), names_(std::move(sampler_names)) {}

  /// Each of these: a value of another type or out of range is Error(kCorruptData).
  void set(const char* key, bool& value) const;
  void set(const char* key, std::int64_t& value) const;
  void set(const char* key, double& value) const;
  void set(const char* key, std::vector<double>& value) const;
  void set(const char* key, std::vector<std::int64_t>& value) const;
  [[nodiscard]] std::string text(const char* key, std::string_view fallback) const;

  /// A word of `choices`, else Error(kUnsupported).
  template <typename Value>
  void set_choice(const char* key, Value& value,
                  std::initializer_list<std::pair<const char*, Value>> choices) const {
    const std::string word = text(key, "");
    if (word.empty()) {
      return;
    }
    for (const auto& [name, choice] : choices) {
      if (word == name) {
        value = choice;
        return;
      }
    }
    refuse(key, word);
  }

  /// Error(kUnsupported) with both and the samplers to choose from.
  [[noreturn]] void refuse(const char* key, std::string_view value) const;
  void refuse_if_true(const char* key) const;

 private:
  [[nodiscard]] const nlohmann::json* find(const char* key) const;
  [[noreturn]] void wrong(const char* key, const char* expected) const;

  const nlohmann::json& json_;
  std::string what_;
  std::string names_;
};

}  // namespace stylus::generator::sampling
