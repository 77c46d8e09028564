#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace stylus::dialects {

/// Names accepted by export_plan, in the order they are shown: "a1111", "diffusers".
[[nodiscard]] std::vector<std::string> names();

/// The plan in another tool's language: for "a1111" a prompt with <lora:NAME:WEIGHT> tags and the
/// negative prompt in A1111's infotext form, for "diffusers" a runnable Python script.
/// Requires: a known name, else Error(kInvalidArgument) that lists them; for formats that name
///           files, adapters with a file name, else Error(kInvalidArgument).
[[nodiscard]] std::string export_plan(const composer::Plan& plan, std::string_view dialect);

}  // namespace stylus::dialects
