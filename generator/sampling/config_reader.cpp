#include "generator/sampling/config_reader.h"

#include <array>
#include <cmath>

namespace stylus::generator::sampling {

std::string without_python_numbers(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNumbers = {"-Infinity", "Infinity", "NaN"};
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    if (in_string && text[at] == '\\' && at + 1 < text.size()) {
      out.append(text, at, 2);
      at += 2;
      continue;
    }
    in_string = in_string != (text[at] == '"');
    bool replaced = false;
    for (const std::string_view number : kNumbers) {
      if (!in_string && text.substr(at, number.size()) == number) {
        out += "null";
        at += number.size();
        replaced = true;
        break;
      }
    }
    if (!replaced) {
      out += text[at];
      ++at;
    }
  }
  return out;
}

const nlohmann::json* ConfigReader::find(const char* key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void ConfigReader::wrong(const char* key, const char* expected) const {
  fail(ErrorCode::kCorruptData, what_, ": ", key, " is ", json_.at(key).dump().substr(0, 80),
       ", expected ", expected);
}

void ConfigReader::set(const char* key, bool& value) const {
  if (const nlohmann::json* found = find(key)) {
    if (!found->is_boolean()) {
      wrong(key, "true or false");
    }
    value = found->get<bool>();
  }
}

void ConfigReader::set(const char* key, std::int64_t& value) const {
  if (const nlohmann::json* found = find(key)) {
    constexpr std::int64_t kLimit = 1'000'000'000;
    const bool is_whole = found->is_number_integer() &&
                          !(found->is_number_unsigned() && found->get<std::uint64_t>() > kLimit);
    if (!is_whole || std::abs(found->get<std::int64_t>()) > kLimit) {
      wrong(key, "a whole number");
    }
    value = found->get<std::int64_t>();
  }
}

void ConfigReader::set(const char* key, double& value) const {
  if (const nlohmann::json* found = find(key)) {
    if (!found->is_number() || !std::isfinite(found->get<double>())) {
      wrong(key, "a number");
    }
    value = found->get<double>();
  }
}

void ConfigReader::set(const char* key, std::vector<double>& value) const {
  if (const nlohmann::json* found = find(key)) {
    if (!found->is_array()) {
      wrong(key, "a list of numbers");
    }
    value.clear();
    for (const nlohmann::json& item : *found) {
      if (!item.is_number() || !std::isfinite(item.get<double>())) {
        wrong(key, "a list of numbers");
      }
      value.push_back(item.get<double>());
    }
  }
}

void ConfigReader::set(const char* key, std::vector<std::int64_t>& value) const {
  std::vector<double> numbers(value.begin(), value.end());
  set(key, numbers);
  value.clear();
  for (const double number : numbers) {
    if (std::abs(number) > 1e9) {
      wrong(key, "a list of whole numbers");
    }
    value.push_back(static_cast<std::int64_t>(number));
  }
}

std::string ConfigReader::text(const char* key, std::string_view fallback) const {
  const nlohmann::json* found = find(key);
  if (found == nullptr) {
    return std::string(fallback);
  }
  if (!found->is_string()) {
    wrong(key, "a word");
  }
  return found->get<std::string>();
}

void ConfigReader::refuse(const char* key, std::string_view value) const {
  fail(ErrorCode::kUnsupported, what_, ": ", key, " is '", value,
       "', which is not built in; name one of our samplers instead: ", names_);
}

void ConfigReader::refuse_if_true(const char* key) const {
  bool value = false;
  set(key, value);
  if (value) {
    refuse(key, "true");
  }
}

}  // namespace stylus::generator::sampling
