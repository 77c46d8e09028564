#include "catalog/half.h"

#include <bit>

namespace stylus::catalog {
namespace {

constexpr std::uint32_t kInfinity = 0x7F800000U;

/// Adds half of the last kept place, ties to even, and drops `shift` bits.
std::uint32_t round_shift(std::uint32_t value, std::uint32_t shift) {
  const std::uint32_t odd = (value >> shift) & 1U;
  return (value + ((1U << (shift - 1U)) - 1U) + odd) >> shift;
}

}  // namespace

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7E00U;  // NaN
  } else if (magnitude >= 0x47800000U) {
    half = 0x7C00U;  // 65536 and more
  } else if (magnitude >= 0x38800000U) {
    half = round_shift(magnitude - 0x38000000U, 13);  // normal; may round up to infinity
  } else if (magnitude >= 0x33000000U) {
    const std::uint32_t exponent = magnitude >> 23U;
    const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    half = round_shift(mantissa, 126U - exponent);  // subnormal: units of 2^-24
  }
  return static_cast<std::uint16_t>(sign | half);
}

float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? kInfinity : (exponent + 112U) << 23U;
  return std::bit_cast<float>(sign | wide | (mantissa << 13U));
}

}  // namespace stylus::catalog
