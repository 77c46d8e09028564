#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace stylus::dialects {

/// Last component of a path written with `/` or `\`.
[[nodiscard]] std::string_view base_name(std::string_view path);

/// base_name without a model file's extension: "a/ukiyo-e_v1.0.safetensors" -> "ukiyo-e_v1.0".
/// Other dots stay: they belong to the name.
[[nodiscard]] std::string_view file_stem(std::string_view path);

/// A weight as people write it: plain decimal point, at most four decimals, no trailing zeros,
/// "0" for anything that rounds to it.
/// Requires: a finite weight within [-100, 100], else Error(kInvalidArgument) that names `owner`.
[[nodiscard]] std::string weight_text(double weight, std::string_view owner);

/// Requires: every adapter is a LoRA or a textual inversion and has a file name, and every mask has
/// one entry per adapter, else
///           Error(kInvalidArgument) that says which one lacks what.
void check_exportable(const composer::Plan& plan);

/// Images that use the same adapters.
struct MaskGroup {
  std::vector<bool> mask;           ///< One entry per adapter of the plan.
  std::vector<std::size_t> images;  ///< Places in Plan::images, ascending.
};

/// The distinct masks in the order of their first image. A plan without images is one image with
/// every adapter on.
[[nodiscard]] std::vector<MaskGroup> mask_groups(const composer::Plan& plan);

}  // namespace stylus::dialects
