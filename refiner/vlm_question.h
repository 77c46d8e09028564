#pragma once

#include <string>

#include "refiner/vlm_refiner.h"

namespace stylus::refiner {

/// The JSON schema of a reply: summary, description, categories, trigger_groups, weight.
[[nodiscard]] const std::string& vlm_schema();

/// The rules that the model is told, without the card.
[[nodiscard]] const std::string& vlm_rules();

}  // namespace stylus::refiner
