#include "weights/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus::weights {
namespace {

double decode_one(DType dtype, const std::string& bytes) {
  double value = 0;
  decode(as_bytes(bytes), dtype, {&value, 1});
  return value;
}

TEST(DTypeTest, DecodesEveryFormatExactly) {
  struct Case {
    DType dtype;
    std::string bytes;
    double value;
  };
  const std::vector<Case> cases = {
      {DType::kF16, std::string("\x00\x3c", 2), 1.0},
      {DType::kF16, std::string("\xff\x7b", 2), 65504.0},
      {DType::kF16, std::string("\x01\x00", 2), 0x1p-24},  // smallest subnormal
      {DType::kF16, std::string("\xff\x03", 2), 1023 * 0x1p-24},
      {DType::kF16, std::string("\x00\xc0", 2), -2.0},
      {DType::kF16, std::string("\x00\x7c", 2), INFINITY},
      {DType::kF16, std::string("\x00\xfc", 2), -INFINITY},
      {DType::kBF16, std::string("\x80\x3f", 2), 1.0},
      {DType::kBF16, std::string("\x49\xc0", 2), -3.140625},
      {DType::kF32, std::string("\x00\x00\x00\xc0", 4), -2.0},
      {DType::kF64, std::string("\0\0\0\0\0\0\xf0\x3f", 8), 1.0},
      {DType::kF8E4M3, "\x38", 1.0},
      {DType::kF8E4M3, "\x7e", 448.0},
      {DType::kF8E4M3, "\x01", 0x1p-9},
      {DType::kF8E4M3, "\xb8", -1.0},
      {DType::kF8E5M2, "\x3c", 1.0},
      {DType::kF8E5M2, "\x7b", 57344.0},
      {DType::kF8E5M2, "\x7c", INFINITY},
      {DType::kF8E4M3FNUZ, "\x40", 1.0},
      {DType::kF8E4M3FNUZ, "\x7f", 240.0},
      {DType::kF8E5M2FNUZ, "\x40", 1.0},
      {DType::kF8E5M2FNUZ, "\x7f", 57344.0},
      {DType::kF8E8M0, "\x7f", 1.0},
      {DType::kF8E8M0, "\x80", 2.0},
      {DType::kI8, "\xff", -1.0},
      {DType::kU8, "\xff", 255.0},
      {DType::kBool, "\x01", 1.0},
      {DType::kI16, std::string("\x00\x80", 2), -32768.0},
      {DType::kU16, std::string("\x00\x80", 2), 32768.0},
      {DType::kI32, std::string("\xff\xff\xff\xff", 4), -1.0},
      {DType::kU32, std::string("\xff\xff\xff\xff", 4), 4294967295.0},
      {DType::kI64, std::string("\x10\0\0\0\0\0\0\0", 8), 16.0},
      {DType::kU64, std::string("\x10\0\0\0\0\0\0\0", 8), 16.0},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(decode_one(one.dtype, one.bytes), one.value) << dtype_name(one.dtype);
  }
}

TEST(DTypeTest, KeepsNotANumber) {
  EXPECT_TRUE(std::isnan(decode_one(DType::kF16, std::string("\x01\x7c", 2))));
  EXPECT_TRUE(std::isnan(decode_one(DType::kF8E4M3, "\x7f")));
  EXPECT_TRUE(std::isnan(decode_one(DType::kF8E4M3, "\xff")));
  EXPECT_TRUE(std::isnan(decode_one(DType::kF8E5M2, "\x7d")));
  EXPECT_TRUE(std::isnan(decode_one(DType::kF8E4M3FNUZ, "\x80")));
  EXPECT_TRUE(std::isnan(decode_one(DType::kF8E8M0, "\xff")));
}

TEST(DTypeTest, KnowsEachNameAndNoOther) {
  for (int i = 0; i <= static_cast<int>(DType::kU64); ++i) {
    const auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_of_name(dtype_name(dtype)), dtype);
  }
  EXPECT_FALSE(dtype_of_name("f16"));
  EXPECT_FALSE(dtype_of_name(""));
}

TEST(DTypeTest, RefusesWhatItCannotDecode) {
  double value = 0;
  EXPECT_EQ(error_code_of([&] {
              decode(as_bytes("x"), DType::kF4, {&value, 1});
              return 0;
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              decode(as_bytes("x"), DType::kF32, {&value, 1});
              return 0;
            }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::weights
