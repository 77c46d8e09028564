#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::nn {

/// Bounds of what a model's description may say: sizes and counts, entries of lists.
constexpr std::int64_t kLargestCount = 1'000'000;
constexpr std::size_t kLongestList = 16;

/// Reads values out of a config.json. A key that is absent or null has the given default; a value
/// of another type or out of range is Error(kCorruptData) that names the key.
class ConfigReader {
 public:
  /// Requires: an object, else Error(kCorruptData). Both are kept by reference.
  ConfigReader(const nlohmann::json& object, const std::string& what);

  /// From 1 to kLargestCount.
  [[nodiscard]] std::int64_t count(const char* key, std::int64_t fallback) const;
  [[nodiscard]] double number(const char* key, double fallback) const;
  [[nodiscard]] bool flag(const char* key, bool fallback) const;
  [[nodiscard]] std::string text(const char* key, std::string_view fallback) const;
  [[nodiscard]] std::vector<std::int64_t> counts(const char* key,
                                                 std::vector<std::int64_t> fallback) const;
  /// One count for all, or a list of `levels` counts.
  [[nodiscard]] std::vector<std::int64_t> counts_of_levels(const char* key, std::int64_t fallback,
                                                           std::size_t levels) const;
  [[nodiscard]] std::vector<std::string> texts(const char* key,
                                               std::vector<std::string> fallback) const;

  /// Error(kUnsupported) unless the key is absent, null or equal to the JSON text of `only`.
  void allow_only(const char* key, std::string_view only) const;
  /// Error(kUnsupported) unless the key is absent or null.
  void allow_none(std::initializer_list<const char*> keys) const;

 private:
  [[nodiscard]] const nlohmann::json* find(const char* key) const;
  [[nodiscard]] std::int64_t checked_count(const char* key, const nlohmann::json& value) const;

  const nlohmann::json& object_;
  const std::string& what_;
};

}  // namespace stylus::nn
