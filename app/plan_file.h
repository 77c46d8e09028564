#pragma once

#include <string>

#include "composer/plan.h"

namespace stylus::app {

/// The plan in a file of at most 64 MiB, or on standard input for "-".
/// Errors: see read_file and plan_from_json.
[[nodiscard]] composer::Plan read_plan_file(const std::string& file);

}  // namespace stylus::app
