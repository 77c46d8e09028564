#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::catalog {

/// Tolerant readers of foreign JSON objects: a missing field, or one of an odd type, is silence.
/// Each takes the names under which tools write the field; the first that says something counts.

using Names = std::initializer_list<const char*>;

/// The value under the first name that is there and not null; nullptr otherwise.
[[nodiscard]] const nlohmann::json* field(const nlohmann::json& object, Names names);

/// Cleaned text of one line, or of several.
[[nodiscard]] std::string line_field(const nlohmann::json& object, Names names);
[[nodiscard]] std::string text_field(const nlohmann::json& object, Names names,
                                     std::size_t limit_bytes);

/// Cleaned, without empty items and repetitions. A text instead of a list is one item.
[[nodiscard]] std::vector<std::string> list_field(const nlohmann::json& object, Names names);
[[nodiscard]] std::vector<std::string> list_of(const nlohmann::json& value, std::size_t limit_items,
                                               std::size_t limit_bytes);

[[nodiscard]] std::optional<bool> flag_field(const nlohmann::json& object, Names names);
/// A finite number; texts that are a number count too.
[[nodiscard]] std::optional<double> number_field(const nlohmann::json& object, Names names);
/// A whole number within int64 and not beyond 2^53.
[[nodiscard]] std::optional<std::int64_t> integer_field(const nlohmann::json& object, Names names);

/// 64 lower-case hex digits, or "" for anything else.
[[nodiscard]] std::string sha256_of(std::string_view text);

}  // namespace stylus::catalog
