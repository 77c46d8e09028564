#include "nn/siglip_text.h"

#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/error_code_of.h"
#include "tests/nn/golden.h"

namespace stylus::nn {
namespace {

std::unique_ptr<SiglipText> tower_of(const Golden& golden) {
  return load_model<SiglipText>(read_siglip_text_config(golden.config(), "config"),
                                golden.weights(), "text tower", {});
}

TEST(SiglipText, EqualsTransformers) {
  const c10::InferenceMode mode;
  const Golden golden("siglip_text");
  golden.expect_output("embeds", tower_of(golden)->forward(golden.input("ids")));
}

TEST(SiglipText, RefusesTextsThatAreNotPaddedAndUnknownIds) {
  const Golden golden("siglip_text");
  const auto tower = tower_of(golden);
  const auto refused = [&](std::int64_t length, std::int64_t id) {
    return error_code_of([&] { return tower->forward(at::full({1, length}, id, at::kLong)); });
  };
  EXPECT_EQ(refused(15, 1), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused(16, tower->config().vocab_size), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused(16, -1), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::nn
