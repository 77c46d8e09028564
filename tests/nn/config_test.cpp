#include "nn/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/error_code_of.h"

namespace stylus::nn {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(UNetConfigFile, TakesTheDefaultsOfDiffusersClass) {
  const UNetConfig config = read_unet_config(json::object(), "config");
  EXPECT_THAT(config.block_out_channels, ElementsAre(320, 640, 1280, 1280));
  EXPECT_THAT(config.heads, ElementsAre(8, 8, 8, 8));
  EXPECT_THAT(config.cross_attention_dim, ElementsAre(1280, 1280, 1280, 1280));
  EXPECT_THAT(config.down_attention, ElementsAre(true, true, true, false));
  EXPECT_THAT(config.up_attention, ElementsAre(false, true, true, true));
  EXPECT_TRUE(config.flip_sin_to_cos);
  EXPECT_FALSE(config.use_linear_projection);
}

TEST(UNetConfigFile, ReadsOneNumberForAllLevelsOrAList) {
  json file = {
      {"block_out_channels", {32, 64, 96}},
      {"down_block_types", {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"}},
      {"up_block_types", {"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"}},
      {"layers_per_block", 1},
      {"attention_head_dim", {4, 8, 12}},
      {"transformer_layers_per_block", {1, 2, 3}},
      {"num_attention_heads", nullptr},
      {"sample_size", {16, 24}}};
  const UNetConfig config = read_unet_config(file, "config");
  EXPECT_THAT(config.layers_per_block, ElementsAre(1, 1, 1));
  EXPECT_THAT(config.heads, ElementsAre(4, 8, 12));
  EXPECT_THAT(config.transformer_layers, ElementsAre(1, 2, 3));
  EXPECT_EQ(config.sample_size, 16);
}

TEST(UNetConfigFile, RefusesKindsThatAreNotBuiltAndNamesTheKey) {
  const std::vector<std::pair<const char*, json>> others = {
      {"down_block_types", {"AttnDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"}},
      {"class_embed_type", "timestep"},
      {"addition_embed_type", "image"},
      {"time_embedding_type", "fourier"},
      {"resnet_time_scale_shift", "scale_shift"},
      {"only_cross_attention", true},
      {"time_cond_proj_dim", 256},
      {"transformer_layers_per_block", {{1}, {1}, {1}, {1}}}};
  for (const auto& [key, value] : others) {
    const json file = {{key, value}};
    EXPECT_EQ(error_code_of([&] { return read_unet_config(file, "unet.json"); }),
              ErrorCode::kUnsupported)
        << key;
    const std::string message =
        error_message_of([&] { return read_unet_config(file, "unet.json"); });
    EXPECT_THAT(message, HasSubstr("unet.json")) << key;
  }
}

TEST(UNetConfigFile, RefusesValuesThatMakeNoSense) {
  for (const json& file :
       {json{{"in_channels", "4"}}, json{{"in_channels", 0}}, json{{"in_channels", -4}},
        json{{"in_channels", 1e30}}, json{{"block_out_channels", json::array()}},
        json{{"block_out_channels", {320, 640}}}, json{{"layers_per_block", {1, 2}}},
        json{{"norm_eps", "small"}}, json{{"use_linear_projection", 1}}, json(7), json::array()}) {
    EXPECT_EQ(error_code_of([&] { return read_unet_config(file, "config"); }),
              ErrorCode::kCorruptData)
        << file.dump();
  }
}

TEST(ClipTextConfigFile, ReadsBothFormsOfTransformers) {
  const json flat = {{"hidden_size", 64},
                     {"num_attention_heads", 4},
                     {"hidden_act", "gelu"},
                     {"architectures", {"CLIPTextModelWithProjection"}},
                     {"eos_token_id", 7}};
  for (const json& file :
       {flat, json{{"text_config", flat}, {"architectures", {"CLIPTextModelWithProjection"}}}}) {
    const ClipTextConfig config = read_clip_text_config(file, "config");
    EXPECT_EQ(config.hidden_size, 64);
    EXPECT_FALSE(config.quick_gelu);
    EXPECT_TRUE(config.has_projection);
    EXPECT_EQ(config.eos_token_id, 7);
  }
  EXPECT_EQ(error_code_of([] {
              return read_clip_text_config({{"hidden_act", "relu"}}, "c");
            }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(error_code_of([] {
              return read_clip_text_config({{"num_attention_heads", 7}}, "c");
            }),
            ErrorCode::kCorruptData);
}

TEST(VaeConfigFile, ReadsScaleAndLevels) {
  const json file = {{"block_out_channels", {8, 16}},
                     {"down_block_types", {"DownEncoderBlock2D", "DownEncoderBlock2D"}},
                     {"up_block_types", {"UpDecoderBlock2D", "UpDecoderBlock2D"}},
                     {"scaling_factor", 0.5},
                     {"shift_factor", nullptr}};
  const VaeConfig config = read_vae_config(file, "config");
  EXPECT_EQ(config.factor(), 2);
  EXPECT_DOUBLE_EQ(config.scaling_factor, 0.5);
  EXPECT_DOUBLE_EQ(read_vae_config(json::object(), "config").scaling_factor, 0.18215);
  EXPECT_TRUE(read_vae_config(json::object(), "config").force_upcast);
  EXPECT_EQ(error_code_of([] {
              return read_vae_config({{"scaling_factor", 0}}, "c");
            }),
            ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::nn
