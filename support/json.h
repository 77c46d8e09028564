#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace stylus {

struct JsonLimits {
  std::size_t max_bytes = std::size_t{64} << 20U;  ///< Longer texts are refused unread.
  int max_depth = 64;                              ///< Nesting of arrays and objects.
  bool reject_duplicate_keys = false;              ///< nlohmann would keep the last one silently.
};

/// Parses foreign JSON with bounds.
///
/// `what` names the source in messages ("card 17 of cards.jsonl"). Strings are checked to be
/// UTF-8. A byte-order mark at the start is skipped.
/// Requires: well-formed JSON within `limits`, else Error(kCorruptData) with byte position.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view what,
                                        const JsonLimits& limits = {});

/// object[key] as a string if it is one, else `fallback`. Never throws.
[[nodiscard]] std::string json_string(const nlohmann::json& object, const char* key,
                                      std::string_view fallback = {});

}  // namespace stylus
