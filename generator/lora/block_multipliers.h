#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stylus::generator {

/// Factors on an adapter's weight by place in the UNet. The most exact entry wins; places that no
/// entry names have 1. Keys are module path prefixes up to a dot:
///   "down", "mid", "up"              whole sides
///   "down_blocks.1"                  a block
///   "up_blocks.1.attentions.2"       one attention or residual layer of it
/// diffusers' {"down": 0.8, "up": {"block_0": [a, b, c]}} is {"down": .8,
/// "up_blocks.0.attentions.0": a, …}. Text encoders are never touched.
using BlockMultipliers = std::map<std::string, double, std::less<>>;

/// The factor for a layer. Cost: O(entries).
[[nodiscard]] double block_multiplier(const BlockMultipliers& blocks, std::string_view path);

}  // namespace stylus::generator
