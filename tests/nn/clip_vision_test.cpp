#include "nn/clip_vision.h"

#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/clip_towers.h"
#include "tests/error_code_of.h"
#include "tests/nn/golden.h"

namespace stylus::nn {
namespace {

class ClipVisionGolden : public testing::TestWithParam<const char*> {};

TEST_P(ClipVisionGolden, EqualsTransformers) {
  const c10::InferenceMode mode;
  const Golden golden(GetParam());
  const ClipVisionConfig config = read_clip_vision_config(golden.config(), GetParam());
  const StoredTensors tensors = normalised_vision_names(golden.weights());
  const auto tower = load_model<ClipVision>(config, tensors, GetParam(), {});

  golden.expect_output("embeds", tower->forward(golden.input("pixels")));
}

INSTANTIATE_TEST_SUITE_P(Towers, ClipVisionGolden,
                         testing::Values("clip_vision_quick", "clip_vision_gelu", "siglip_vision"),
                         [](const auto& which) { return std::string(which.param); });

TEST(ClipVision, RefusesPicturesOfAnotherSize) {
  const Golden golden("clip_vision_quick");
  const StoredTensors tensors = normalised_vision_names(golden.weights());
  const auto tower = load_model<ClipVision>(read_clip_vision_config(golden.config(), "config"),
                                            tensors, "tower", {});

  EXPECT_EQ(error_code_of([&] {
              return tower->forward(at::zeros({1, 3, 32, 32}));
            }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::nn
