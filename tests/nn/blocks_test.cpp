#include <ATen/ops/silu.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/resnet_block.h"
#include "nn/timestep_embedding.h"
#include "nn/transformer_block.h"
#include "nn/unet_blocks.h"
#include "tests/nn/golden.h"

namespace stylus::nn {
namespace {

/// A block's parameters and the source of its weights, alive as long as the block is tested.
struct Parts {
  explicit Parts(const Golden& golden) : source(golden.weights(), "golden", {}) {}

  [[nodiscard]] Scope scope() { return {parameters, source}; }

  c10::InferenceMode mode;
  Parameters parameters;
  TensorSource source;
};

LevelOptions level(bool has_attention, std::int64_t layers) {
  LevelOptions options;
  options.layers = layers;
  options.time_channels = 24;
  options.groups = 4;
  options.has_attention = has_attention;
  options.attention.context_width = 12;
  options.attention.heads = 2;
  options.attention.groups = 4;
  options.attention.depth = 1;
  return options;
}

std::vector<KeyValue> keys_values_of(const std::vector<SpatialTransformer>& attentions,
                                     const at::Tensor& context) {
  std::vector<KeyValue> all;
  for (const SpatialTransformer& attention : attentions) {
    for (const TransformerBlock& block : attention.blocks()) {
      all.push_back(block.cross_attention().keys_values(context));
    }
  }
  return all;
}

TEST(TimestepEmbedding, EqualsDiffusers) {
  const Golden golden("timestep_embedding");
  const at::Tensor times = golden.input("timestep");
  for (const std::int64_t width : {32, 320}) {
    for (const bool flip : {false, true}) {
      for (const int shift : {0, 1}) {
        golden.expect_output(std::to_string(width) + (flip ? "_1_" : "_0_") + std::to_string(shift),
                             timestep_embedding(times, width, flip, shift));
      }
    }
  }
}

TEST(ResnetBlock, EqualsDiffusers) {
  const Golden golden("resnet");
  Parts parts(golden);
  const ResnetBlock block(parts.scope(), 16, 8, 24, 4, 1e-5);
  parts.source.finish();
  golden.expect_output("x", block.forward(golden.input("x"), at::silu(golden.input("time"))));
}

TEST(SpatialTransformer, EqualsDiffusers) {
  for (const bool is_linear : {false, true}) {
    const Golden golden(is_linear ? "transformer_linear" : "transformer_conv");
    Parts parts(golden);
    const std::vector<SpatialTransformer> one = {
        SpatialTransformer(parts.scope(), {16, 12, 2, 2, 4, is_linear})};
    parts.source.finish();
    const std::vector<KeyValue> context = keys_values_of(one, golden.input("context"));
    golden.expect_output("x", one[0].forward(golden.input("x"), context.data()));
  }
}

TEST(DownBlock, EqualsDiffusers) {
  const Golden golden("down_block");
  Parts parts(golden);
  const DownBlock block(parts.scope(), 16, 8, true, level(true, 2));
  parts.source.finish();
  const std::vector<KeyValue> context = keys_values_of(block.attentions(), golden.input("context"));
  BlockInputs inputs = {at::silu(golden.input("time")), context.data()};
  Skips skips;
  golden.expect_output("x", block.forward(golden.input("x"), inputs, skips));
  ASSERT_EQ(skips.size(), 3U);
  for (std::size_t i = 0; i < skips.size(); ++i) {
    golden.expect_output("skip" + std::to_string(i), skips[i]);
  }
  EXPECT_EQ(inputs.context, context.data() + context.size());
}

TEST(MidBlock, EqualsDiffusers) {
  const Golden golden("mid_block");
  Parts parts(golden);
  const MidBlock block(parts.scope(), 16, level(true, 1));
  parts.source.finish();
  const KeyValue context =
      block.attention().blocks()[0].cross_attention().keys_values(golden.input("context"));
  BlockInputs inputs = {at::silu(golden.input("time")), &context};
  golden.expect_output("x", block.forward(golden.input("x"), inputs));
}

TEST(UpBlock, EqualsDiffusersAndReturnsToTheSizeOfTheNextSkip) {
  const Golden golden("up_block");
  Parts parts(golden);
  const UpBlock block(parts.scope(), {16, 8, 12}, true, level(true, 2));
  parts.source.finish();
  const std::vector<KeyValue> context = keys_values_of(block.attentions(), golden.input("context"));
  BlockInputs inputs = {at::silu(golden.input("time")), context.data()};
  const at::Tensor next = golden.output("x").narrow(1, 0, 1);
  Skips skips = {next, golden.input("skip0"), golden.input("skip1")};
  golden.expect_output("x", block.forward(golden.input("x"), inputs, skips));
  EXPECT_EQ(skips.size(), 1U);
}

}  // namespace
}  // namespace stylus::nn
