#pragma once

#include <cstdint>

namespace stylus::catalog {

/// IEEE 754 binary16, rounded to nearest even; values beyond its range become infinite.
[[nodiscard]] std::uint16_t to_half(float value);

/// Exact.
[[nodiscard]] float from_half(std::uint16_t half);

}  // namespace stylus::catalog
