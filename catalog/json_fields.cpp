#include "catalog/json_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "catalog/card.h"
#include "support/text.h"

namespace stylus::catalog {

using nlohmann::json;

const json* field(const json& object, Names names) {
  if (!object.is_object()) {
    return nullptr;
  }
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && !found->is_null()) {
      return &*found;
    }
  }
  return nullptr;
}

std::string line_field(const json& object, Names names) {
  const json* value = field(object, names);
  return value != nullptr && value->is_string()
             ? clean_line(value->get_ref<const std::string&>(), kMaxNameBytes)
             : "";
}

std::string text_field(const json& object, Names names, std::size_t limit_bytes) {
  const json* value = field(object, names);
  return value != nullptr && value->is_string()
             ? clean_text(value->get_ref<const std::string&>(), limit_bytes)
             : "";
}

std::vector<std::string> list_of(const json& value, std::size_t limit_items,
                                 std::size_t limit_bytes) {
  std::vector<std::string> items;
  std::unordered_set<std::string> seen;
  const auto add = [&](const json& item) {
    if (item.is_string() && items.size() < limit_items) {
      std::string clean = clean_text(item.get_ref<const std::string&>(), limit_bytes);
      if (!clean.empty() && seen.insert(clean).second) {
        items.push_back(std::move(clean));
      }
    }
  };
  if (value.is_array()) {
    std::for_each(value.begin(), value.end(), add);
  } else {
    add(value);
  }
  return items;
}

std::vector<std::string> list_field(const json& object, Names names) {
  const json* value = field(object, names);
  return value != nullptr ? list_of(*value, kMaxItems, kMaxItemBytes) : std::vector<std::string>{};
}

std::optional<bool> flag_field(const json& object, Names names) {
  const json* value = field(object, names);
  return value != nullptr && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

std::optional<double> number_field(const json& object, Names names) {
  const json* value = field(object, names);
  if (value == nullptr) {
    return std::nullopt;
  }
  double number = std::nan("");
  if (value->is_number()) {
    number = value->get<double>();
  } else if (value->is_string()) {
    const std::string_view text = trim(value->get_ref<const std::string&>());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return std::nullopt;
    }
  }
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> integer_field(const json& object, Names names) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double skips whole numbers
  const std::optional<double> number = number_field(object, names);
  if (!number || std::abs(*number) > kExact || std::trunc(*number) != *number) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::string sha256_of(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  const bool hex = lower.size() == 64 && std::all_of(lower.begin(), lower.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                   });
  return hex ? lower : "";
}

}  // namespace stylus::catalog
