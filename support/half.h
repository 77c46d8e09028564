#pragma once

#include <bit>
#include <cstdint>

namespace stylus {

/// IEEE 754 binary16 bits of `value`, rounded to nearest even; values beyond its range become
/// infinite, NaN stays NaN.
[[nodiscard]] inline std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {
    return static_cast<std::uint16_t>(sign | 0x7E00U);
  }
  if (magnitude >= 0x47800000U) {  // 65536 and above, infinities
    return static_cast<std::uint16_t>(sign | 0x7C00U);
  }
  if (magnitude < 0x38800000U) {  // subnormal half: let float addition do the rounding
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  magnitude += 0xFFFU + ((magnitude >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U) >> 13U));
}

/// The value of IEEE 754 binary16 bits; exact. Without branches, so that loops over it vectorise.
[[nodiscard]] inline float from_half(std::uint16_t half) {
  // The half's exponent and mantissa, put where a float has them, are 2^112 too small: the biases
  // are 15 and 127. The product is exact, for subnormal halves too.
  const std::uint32_t magnitude = (half & 0x7FFFU) << 13U;
  const float scaled = std::bit_cast<float>(magnitude) * 0x1p112F;
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(scaled);
  const std::uint32_t infinite = magnitude | 0x7F800000U;
  const std::uint32_t bits = (half & 0x7C00U) == 0x7C00U ? infinite : finite;
  return std::bit_cast<float>(bits | (half & 0x8000U) << 16U);
}

}  // namespace stylus
