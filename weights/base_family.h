#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::weights {

/// Base family slugs used in options, plans, columns and JSON, e.g. "sd15" (SD 1.4 and 1.5 are
/// one family: their adapters are interchangeable), "sd2", "sdxl", "pony", "illustrious",
/// "noobai", "sd3", "flux1", "flux2", "qwen_image", "wan", "mini" (the embedded model), …; "other"
/// for a card that says Other.

/// The slug for any spelling met in cards, metadata and options ("SD 1.5", "sd_v1", "SDXL 1.0",
/// "stable-diffusion-xl-v1-base/lora", "Flux.1 D", "sdxl"); "" when it is not known.
[[nodiscard]] std::string base_family(std::string_view spelling);

/// All known slugs with a display name, in the order that people are shown.
struct BaseFamily {
  std::string slug;
  std::string display_name;  ///< "Stable Diffusion 1.5"
};
[[nodiscard]] const std::vector<BaseFamily>& base_families();

}  // namespace stylus::weights
