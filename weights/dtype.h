#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace stylus::weights {

/// Element types of safetensors files, in the reference order.
enum class DType {
  kBool,
  kF4,
  kF6E2M3,
  kF6E3M2,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kF8E8M0,
  kF8E4M3FNUZ,
  kF8E5M2FNUZ,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kC64,
  kF64,
  kI64,
  kU64,
};

/// "F16", "BF16", … as files spell it.
[[nodiscard]] std::string_view dtype_name(DType dtype);
[[nodiscard]] std::optional<DType> dtype_of_name(std::string_view name);

/// Bits of one element; 4 or 6 for the packed types.
[[nodiscard]] unsigned dtype_bits(DType dtype);

/// True for the types that `decode` turns into numbers: all but the packed and the complex ones.
[[nodiscard]] bool is_decodable(DType dtype);

/// Turns little-endian elements into doubles, exactly (I64 and U64 are rounded).
///
/// Requires: is_decodable(dtype) and bytes.size() == out.size() * dtype_bits / 8, else
///           Error(kInvalidArgument).
/// Cost:     about one nanosecond an element.
void decode(std::span<const std::byte> bytes, DType dtype, std::span<double> out);

}  // namespace stylus::weights
