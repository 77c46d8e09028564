#pragma once

#include <nlohmann/json.hpp>

#include "catalog/adapter.h"

namespace stylus::app {

[[nodiscard]] const char* rating_name(catalog::Rating rating);
[[nodiscard]] const char* weight_source_name(catalog::WeightSource source);

/// The whole adapter for --json (docs/formats.md#command-line-json-and-exit-status). Absent facts
/// have no key.
[[nodiscard]] nlohmann::ordered_json adapter_to_json(const catalog::Adapter& adapter);

}  // namespace stylus::app
