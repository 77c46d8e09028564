#include "nn/config_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "support/error.h"

namespace stylus::nn {
ConfigReader::ConfigReader(const nlohmann::json& object, const std::string& what)
    : object_(object), what_(what) {
  require(object.is_object(), ErrorCode::kCorruptData, what, " is not a JSON object");
}

const nlohmann::json* ConfigReader::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::int64_t ConfigReader::checked_count(const char* key, const nlohmann::json& value) const {
  require(value.is_number_integer(), ErrorCode::kCorruptData, what_, ": ", key,
          " is not a whole number");
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kLargestCount)
                        : value.get<std::int64_t>() <= kLargestCount;
  const std::int64_t count = fits ? value.get<std::int64_t>() : 0;
  require(count > 0, ErrorCode::kCorruptData, what_, ": ", key, " is not between 1 and ",
          kLargestCount);
  return count;
}

std::int64_t ConfigReader::count(const char* key, std::int64_t fallback) const {
  const nlohmann::json* value = find(key);
  return value == nullptr ? fallback : checked_count(key, *value);
}

double ConfigReader::number(const char* key, double fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  require(value->is_number(), ErrorCode::kCorruptData, what_, ": ", key, " is not a number");
  const double number = value->get<double>();
  require(std::isfinite(number), ErrorCode::kCorruptData, what_, ": ", key, " is not finite");
  return number;
}

bool ConfigReader::flag(const char* key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  require(value->is_boolean(), ErrorCode::kCorruptData, what_, ": ", key, " is not true or false");
  return value->get<bool>();
}

std::string ConfigReader::text(const char* key, std::string_view fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return std::string(fallback);
  }
  require(value->is_string(), ErrorCode::kCorruptData, what_, ": ", key, " is not a text");
  return value->get<std::string>();
}

std::vector<std::int64_t> ConfigReader::counts(const char* key,
                                               std::vector<std::int64_t> fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  require(value->is_array() && !value->empty() && value->size() <= kLongestList,
          ErrorCode::kCorruptData, what_, ": ", key, " is not a list of 1 to ", kLongestList,
          " numbers");
  std::vector<std::int64_t> counts;
  for (const nlohmann::json& item : *value) {
    require(!item.is_array(), ErrorCode::kUnsupported, what_, ": ", key,
            " is a list of lists, which stylus does not build");
    counts.push_back(checked_count(key, item));
  }
  return counts;
}

std::vector<std::int64_t> ConfigReader::counts_of_levels(const char* key, std::int64_t fallback,
                                                         std::size_t levels) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr || !value->is_array()) {
    return std::vector<std::int64_t>(levels, count(key, fallback));
  }
  std::vector<std::int64_t> list = counts(key, {});
  require(list.size() == levels, ErrorCode::kCorruptData, what_, ": ", key, " has ", list.size(),
          " numbers for ", levels, " levels");
  return list;
}

std::vector<std::string> ConfigReader::texts(const char* key,
                                             std::vector<std::string> fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return fallback;
  }
  require(value->is_array() && value->size() <= kLongestList, ErrorCode::kCorruptData, what_, ": ",
          key, " is not a list of up to ", kLongestList, " texts");
  std::vector<std::string> texts;
  for (const nlohmann::json& item : *value) {
    require(item.is_string(), ErrorCode::kCorruptData, what_, ": ", key, " holds no text");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

void ConfigReader::allow_only(const char* key, std::string_view only) const {
  const nlohmann::json* value = find(key);
  require(value == nullptr || *value == nlohmann::json::parse(only), ErrorCode::kUnsupported, what_,
          ": ", key, " is ", value == nullptr ? std::string() : value->dump().substr(0, 100),
          "; stylus builds only models where it is ", only);
}

void ConfigReader::allow_none(std::initializer_list<const char*> keys) const {
  for (const char* key : keys) {
    allow_only(key, "null");
  }
}

}  // namespace stylus::nn
