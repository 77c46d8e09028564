#include "weights/dtype.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "support/error.h"
#include "support/half.h"

namespace stylus::weights {
namespace {

struct TypeRow {
  std::string_view name;
  unsigned bits;
};

/// Indexed by DType.
constexpr std::array<TypeRow, 22> kTypes = {
    {{"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
     {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
     {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
     {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
     {"I64", 64},        {"U64", 64}}};

static_assert(std::endian::native == std::endian::little,
              "tensors are read as they lie in the file");

double from_bfloat(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

/// What distinguishes the 8-bit float formats.
struct SmallFloat {
  unsigned exponent_bits;
  int bias;
  bool has_infinity;      ///< IEEE style: the top exponent is infinity and NaN.
  bool is_unsigned_zero;  ///< FNUZ: the only NaN is what would be minus zero.
};

double from_small_float(std::uint8_t value, const SmallFloat& format) {
  const unsigned mantissa_bits = 7U - format.exponent_bits;
  const unsigned mantissa = value & ((1U << mantissa_bits) - 1U);
  const unsigned exponent = (value & 0x7FU) >> mantissa_bits;
  const unsigned top = (1U << format.exponent_bits) - 1U;
  const double sign = (value & 0x80U) != 0 ? -1.0 : 1.0;
  if (format.is_unsigned_zero && value == 0x80U) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (format.has_infinity && exponent == top) {
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (!format.has_infinity && !format.is_unsigned_zero && (value & 0x7FU) == 0x7FU) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double fraction = std::ldexp(mantissa, -static_cast<int>(mantissa_bits));
  return exponent == 0
             ? sign * std::ldexp(fraction, 1 - format.bias)
             : sign * std::ldexp(1.0 + fraction, static_cast<int>(exponent) - format.bias);
}

using ByteTable = std::array<double, 256>;

ByteTable small_float_table(const SmallFloat& format) {
  ByteTable table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    table[i] = from_small_float(static_cast<std::uint8_t>(i), format);
  }
  return table;
}

ByteTable exponent_table() {
  ByteTable table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    table[i] = i == 255 ? std::numeric_limits<double>::quiet_NaN()
                        : std::ldexp(1.0, static_cast<int>(i) - 127);
  }
  return table;
}

const ByteTable& byte_table(DType dtype) {
  static const ByteTable kE5M2 = small_float_table({5, 15, true, false});
  static const ByteTable kE4M3 = small_float_table({4, 7, false, false});
  static const ByteTable kE5M2Fnuz = small_float_table({5, 16, false, true});
  static const ByteTable kE4M3Fnuz = small_float_table({4, 8, false, true});
  static const ByteTable kE8M0 = exponent_table();
  switch (dtype) {
    case DType::kF8E5M2:
      return kE5M2;
    case DType::kF8E4M3:
      return kE4M3;
    case DType::kF8E5M2FNUZ:
      return kE5M2Fnuz;
    case DType::kF8E4M3FNUZ:
      return kE4M3Fnuz;
    default:
      return kE8M0;
  }
}

/// Tensor data need not be aligned to its element size, so every element is copied out.
template <typename Element, typename Convert>
void convert_each(std::span<const std::byte> bytes, std::span<double> out, Convert convert) {
  const std::byte* in = bytes.data();
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element;
    std::memcpy(&element, in + i * sizeof(Element), sizeof(Element));
    out[i] = convert(element);
  }
}

template <typename Element>
void cast_each(std::span<const std::byte> bytes, std::span<double> out) {
  convert_each<Element>(bytes, out, [](Element value) { return static_cast<double>(value); });
}

}  // namespace

std::string_view dtype_name(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)].name; }

std::optional<DType> dtype_of_name(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) {
      return static_cast<DType>(i);
    }
  }
  return std::nullopt;
}

unsigned dtype_bits(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)].bits; }

bool is_decodable(DType dtype) { return dtype_bits(dtype) >= 8 && dtype != DType::kC64; }

void decode(std::span<const std::byte> bytes, DType dtype, std::span<double> out) {
  require(is_decodable(dtype), ErrorCode::kInvalidArgument, "cannot decode elements of type ",
          dtype_name(dtype));
  require(bytes.size() == out.size() * (dtype_bits(dtype) / 8), ErrorCode::kInvalidArgument,
          "cannot decode ", out.size(), " elements of ", dtype_name(dtype), " from ", bytes.size(),
          " bytes");
  switch (dtype) {
    case DType::kF16:
      return convert_each<std::uint16_t>(bytes, out,
                                         [](std::uint16_t half) { return from_half(half); });
    case DType::kBF16:
      return convert_each<std::uint16_t>(bytes, out, from_bfloat);
    case DType::kF32:
      return cast_each<float>(bytes, out);
    case DType::kF64:
      return cast_each<double>(bytes, out);
    case DType::kBool:
    case DType::kU8:
      return cast_each<std::uint8_t>(bytes, out);
    case DType::kI8:
      return cast_each<std::int8_t>(bytes, out);
    case DType::kI16:
      return cast_each<std::int16_t>(bytes, out);
    case DType::kU16:
      return cast_each<std::uint16_t>(bytes, out);
    case DType::kI32:
      return cast_each<std::int32_t>(bytes, out);
    case DType::kU32:
      return cast_each<std::uint32_t>(bytes, out);
    case DType::kI64:
      return cast_each<std::int64_t>(bytes, out);
    case DType::kU64:
      return cast_each<std::uint64_t>(bytes, out);
    default: {
      const ByteTable& table = byte_table(dtype);
      return convert_each<std::uint8_t>(bytes, out, [&](std::uint8_t byte) { return table[byte]; });
    }
  }
}

}  // namespace stylus::weights
