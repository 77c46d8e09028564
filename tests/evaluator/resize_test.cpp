#include "evaluator/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "tests/error_code_of.h"
#include "weights/safetensors_file.h"

namespace stylus::evaluator {
namespace {

class PillowGolden : public testing::Test {
 protected:
  const weights::SafetensorsFile file_{std::filesystem::path(STYLUS_TESTS_DIR) /
                                       "golden/evaluator/resize.safetensors"};

  [[nodiscard]] Picture picture(const std::string& name) const {
    const weights::Tensor* tensor = file_.find(name);
    Picture result(tensor->shape[1], tensor->shape[0]);
    std::memcpy(result.rgb.data(), tensor->bytes.data(), result.rgb.size());
    return result;
  }
};

TEST_F(PillowGolden, EveryByteIsPillows) {
  for (const char* number : {"0", "1", "2", "3"}) {
    for (const char* filter : {"box", "bilinear", "bicubic", "lanczos"}) {
      const Picture expected = picture(std::string(number) + "." + filter);
      const Picture actual = resize_picture(picture(std::string(number) + ".source"),
                                            expected.width, expected.height, filter_named(filter));
      EXPECT_EQ(actual.rgb, expected.rgb) << "picture " << number << ", " << filter;
    }
  }
}

TEST_F(PillowGolden, PlanesAreThoseOfModeF) {
  for (const char* number : {"0", "1", "2", "3"}) {
    const Picture source = picture(std::string(number) + ".source");
    std::vector<float> plane;
    for (std::size_t i = 0; i < source.rgb.size(); i += 3) {
      plane.push_back(source.rgb[i]);
    }
    for (const char* filter : {"bilinear", "bicubic", "lanczos"}) {
      const weights::Tensor* expected = file_.find(std::string(number) + "." + filter + ".plane");
      const std::vector<float> actual =
          resize_plane(plane, source.width, source.height, expected->shape[1], expected->shape[0],
                       filter_named(filter));
      ASSERT_EQ(actual.size() * sizeof(float), expected->bytes.size());
      for (std::size_t i = 0; i < actual.size(); ++i) {
        float wanted = 0;
        std::memcpy(&wanted, expected->bytes.data() + i * sizeof wanted, sizeof wanted);
        ASSERT_NEAR(actual[i], wanted, 1e-4) << number << " " << filter << " at " << i;
      }
    }
  }
}

TEST(ResizeAndCrop, TakesTheMiddleOfTheLongSide) {
  Picture wide(30, 10);
  for (std::int64_t y = 0; y < 10; ++y) {
    for (std::int64_t x = 10; x < 20; ++x) {
      std::fill_n(wide.pixel(x, y), 3, std::uint8_t{0});
    }
  }
  const Picture middle = resize_and_crop(wide, 10, Filter::kBicubic);

  ASSERT_EQ(middle.width, 10);
  ASSERT_EQ(middle.height, 10);
  EXPECT_TRUE(std::all_of(middle.rgb.begin(), middle.rgb.end(), [](auto v) { return v == 0; }));
}

TEST(Resize, RefusesImpossibleSizes) {
  EXPECT_EQ(error_code_of([] { return resize_picture(Picture(2, 2), 0, 5, Filter::kBox); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([] { return filter_named("cubic"); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::evaluator
