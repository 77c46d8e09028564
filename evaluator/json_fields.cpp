#include "evaluator/json_fields.h"

#include "support/error.h"

namespace stylus::evaluator {

using nlohmann::json;

JsonFields::JsonFields(const json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  require(object.is_object(), ErrorCode::kCorruptData, where_, " is no JSON object");
}

std::string JsonFields::text(const char* key, std::string fallback) {
  const json* value = find(key);
  check(value == nullptr || value->is_string(), key, "a text");
  return value == nullptr ? std::move(fallback) : value->get<std::string>();
}

double JsonFields::number(const char* key, double fallback, double least, double most) {
  const json* value = find(key);
  check(value == nullptr || value->is_number(), key, "a number");
  const double result = value == nullptr ? fallback : value->get<double>();
  require(result >= least && result <= most, ErrorCode::kInvalidArgument, where_, ".", key,
          " must lie in [", least, ", ", most, "], is ", result);
  return result;
}

std::int64_t JsonFields::count(const char* key, std::int64_t fallback, std::int64_t least,
                               std::int64_t most) {
  const json* value = find(key);
  check(value == nullptr || value->is_number_integer(), key, "a whole number");
  const std::int64_t result = value == nullptr ? fallback : value->get<std::int64_t>();
  require(result >= least && result <= most, ErrorCode::kInvalidArgument, where_, ".", key,
          " must lie in [", least, ", ", most, "], is ", result);
  return result;
}

bool JsonFields::flag(const char* key, bool fallback) {
  const json* value = find(key);
  check(value == nullptr || value->is_boolean(), key, "true or false");
  return value == nullptr ? fallback : value->get<bool>();
}

const json* JsonFields::find(const char* key) {
  asked_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::check(bool good, const char* key, const char* wanted) const {
  require(good, ErrorCode::kCorruptData, where_, ".", key, " must be ", wanted);
}

void JsonFields::refuse_unknown() const {
  for (const auto& [key, value] : object_.items()) {
    require(asked_.contains(key), ErrorCode::kInvalidArgument, where_, " has a key '", key,
            "' that stylus does not know; docs/evaluation.md lists them");
  }
}

}  // namespace stylus::evaluator
