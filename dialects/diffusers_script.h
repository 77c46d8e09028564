#pragma once

#include <string>
#include <string_view>

#include "composer/plan.h"

namespace stylus::dialects {

/// The plan as a Python script for Hugging Face diffusers: run it with the folder of the adapter
/// files (`python3 plan.py --loras ~/loras`) and it writes one picture per image of the plan.
///
/// Every text of the plan stands in the script as a quoted literal in a table at its top, so that
/// no name or prompt can become code. The base model is chosen by the plan's base family and can
/// be changed at the top or with --model; a family without a well-known diffusers model leaves it
/// empty and the script asks for it.
///
/// Requires: file names ending in .safetensors (a pickle is code), else Error(kInvalidArgument).
[[nodiscard]] std::string export_diffusers(const composer::Plan& plan);

/// `text` as a Python string literal in single quotes. Bytes that are no UTF-8 become U+FFFD, NUL
/// a blank; quotes, backslashes, control and direction-changing characters are escaped.
[[nodiscard]] std::string python_literal(std::string_view text);

}  // namespace stylus::dialects
