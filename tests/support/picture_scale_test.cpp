#include "support/picture_scale.h"

#include <gtest/gtest.h>

#include "support/jpeg.h"
#include "tests/error_code_of.h"

namespace stylus {
namespace {

TEST(ScaledToFit, KeepsThePropotionsAndTheMean) {
  Picture picture(300, 100);
  for (std::int64_t y = 0; y < 100; ++y) {
    for (std::int64_t x = 0; x < 300; ++x) {
      picture.pixel(x, y)[0] = x % 2 == 0 ? 0 : 200;
      picture.pixel(x, y)[1] = x < 150 ? 0 : 255;
    }
  }

  const Picture small = scaled_to_fit(picture, 50);

  ASSERT_EQ(small.width, 50);
  ASSERT_EQ(small.height, 16);
  EXPECT_EQ(small.pixel(10, 8)[0], 100);
  EXPECT_EQ(small.pixel(0, 0)[1], 0);
  EXPECT_EQ(small.pixel(49, 15)[1], 255);
  EXPECT_EQ(small.pixel(49, 15)[2], 255);
}

TEST(ScaledToFit, LeavesSmallPicturesAndThinOnesWhole) {
  EXPECT_EQ(scaled_to_fit(Picture(20, 10), 20).width, 20);
  const Picture thin = scaled_to_fit(Picture(4000, 1), 64);
  EXPECT_EQ(thin.width, 64);
  EXPECT_EQ(thin.height, 1);
  EXPECT_EQ(error_code_of([] { return scaled_to_fit(Picture(), 64); }),
            ErrorCode::kInvalidArgument);
}

TEST(EncodeJpeg, ComesBackNearlyAsItWas) {
  Picture picture(40, 30);
  for (std::int64_t y = 0; y < 30; ++y) {
    for (std::int64_t x = 0; x < 40; ++x) {
      picture.pixel(x, y)[0] = static_cast<std::uint8_t>(x * 6);
    }
  }

  const std::string bytes = encode_jpeg(picture, 90);
  const Picture back = decode_picture(bytes, "test");

  EXPECT_EQ(bytes, encode_jpeg(picture, 90));
  ASSERT_EQ(back.width, 40);
  EXPECT_NEAR(back.pixel(20, 15)[0], 120, 12);
  EXPECT_NEAR(back.pixel(20, 15)[1], 255, 12);
}

}  // namespace
}  // namespace stylus
