#include "weights/update_direction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/error.h"
#include "tests/error_code_of.h"
#include "tests/shared_data.h"

namespace stylus::weights {
namespace {

double cosine_of(const char* a, const char* b) {
  const auto loras = shared_data() / "loras";
  return direction_cosine(update_direction(loras / a), update_direction(loras / b));
}

TEST(UpdateDirection, IsTheSameInAnotherLayoutAndNearInALaterStep) {
  STYLUS_NEEDS_SHARED_DATA();
  EXPECT_NEAR(
      cosine_of("timohavdk_2100_peft.safetensors", "timohavdk_kohyalike_doubleunet.safetensors"), 1,
      1e-5);
  EXPECT_GT(cosine_of("sandman_ckpt250_peft.safetensors", "sandman_final_peft.safetensors"), 0.5);
}

TEST(UpdateDirection, UnrelatedTrainingsPointElsewhere) {
  STYLUS_NEEDS_SHARED_DATA();
  EXPECT_LT(std::abs(cosine_of("mvclab_peft.safetensors", "satellite_peft.safetensors")), 0.4);
}

TEST(UpdateDirection, OfAFileWithoutLowRankLayersIsEmpty) {
  STYLUS_NEEDS_SHARED_DATA();
  EXPECT_TRUE(
      update_direction(shared_data() / "loras" / "filip_textual_inversion.safetensors").empty());
}

TEST(UpdateDirection, ComparesEqualLengthsOnly) {
  EXPECT_EQ(
      error_code_of([] { return direction_cosine(std::vector<float>(3), std::vector<float>(4)); }),
      ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::weights
