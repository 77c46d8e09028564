// Alpha, scale and PEFT's configuration: what multiplies the product of the factors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>

#include "tests/error_code_of.h"
#include "tests/temp_dir.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"

namespace stylus::weights {
namespace {

constexpr const char* kLayer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k";

/// A layer of rank 4 whose product has the norm 4: up and down are all ones, 1 x 4 and 4 x 1.
SafetensorsBuilder rank_four(const std::string& layer = kLayer) {
  return SafetensorsBuilder()
      .fill_f32(layer + ".lora_A.weight", {4, 1}, 1)
      .fill_f32(layer + ".lora_B.weight", {1, 4}, 1);
}

AdapterFacts facts_of(const SafetensorsBuilder& file, NormMode norms = NormMode::kCompute) {
  const std::string bytes = file.bytes();
  return read_adapter_bytes(as_bytes(bytes), "test file", norms);
}

TEST(AdapterScalingTest, FollowsTheAlphaThatIsStored) {
  const std::string alpha = std::string(kLayer) + ".alpha";

  EXPECT_EQ(facts_of(rank_four()).frobenius_norm, 4);
  EXPECT_EQ(facts_of(rank_four()).alpha, 4);
  EXPECT_EQ(facts_of(rank_four().add_f32(alpha, {}, {2})).frobenius_norm, 2);
  EXPECT_EQ(facts_of(rank_four().add_f32(alpha, {1}, {8})).frobenius_norm, 8);
  EXPECT_EQ(facts_of(rank_four().add_f32(alpha, {}, {0})).frobenius_norm, 4);
  EXPECT_EQ(facts_of(rank_four().add(alpha, "I64", {}, std::string("\x02\0\0\0\0\0\0\0", 8))).alpha,
            2);
  EXPECT_EQ(facts_of(rank_four().add_f32(alpha, {}, {2}), NormMode::kSkip).alpha, 2);
}

TEST(AdapterScalingTest, AStoredScaleWinsOverAlpha) {
  const std::string layer = kLayer;

  EXPECT_EQ(
      facts_of(rank_four().add_f32(layer + ".alpha", {}, {2}).add_f32(layer + ".scale", {}, {3}))
          .frobenius_norm,
      12);
}

TEST(AdapterScalingTest, ReadsTheConfigurationThatDiffusersKeepsInTheHeader) {
  const auto with = [](const std::string& json) {
    return facts_of(rank_four().metadata({{"lora_adapter_metadata", json}}));
  };

  EXPECT_EQ(with(R"({"unet.r":4,"unet.lora_alpha":8})").frobenius_norm, 8);
  EXPECT_EQ(with(R"({"unet.lora_alpha":8})").alpha, 8);
  EXPECT_EQ(with(R"({"unet.lora_alpha":8,"unet.use_rslora":true})").frobenius_norm, 16);
  EXPECT_EQ(with(R"({"unet.lora_alpha":8,"unet.alpha_pattern":{"to_k":2}})").frobenius_norm, 2);
  EXPECT_EQ(with(R"({"unet.lora_alpha":8,"unet.alpha_pattern":{"o_k":2}})").frobenius_norm, 8);
  EXPECT_EQ(with(R"({"text_encoder.lora_alpha":8})").frobenius_norm, 4);
  EXPECT_EQ(with(R"({"unet.lora_alpha":"eight"})").frobenius_norm, 4);
  EXPECT_EQ(error_code_of([&] { return with("[1]"); }), ErrorCode::kCorruptData);
}

TEST(AdapterScalingTest, ReadsTheConfigurationBesideAPeftFolder) {
  const TempDir folder;
  const std::string layer = "base_model.model.text_model.encoder.layers.0.self_attn.q_proj";
  const std::string file = SafetensorsBuilder()
                               .fill_f32(layer + ".lora_A.weight", {4, 768}, 1)
                               .fill_f32(layer + ".lora_B.weight", {1, 4}, 1)
                               .bytes();
  for (const char* name : {"adapter_model.safetensors", "other.safetensors"}) {
    std::ofstream(folder / name, std::ios::binary) << file;
  }
  std::ofstream(folder / "adapter_config.json")
      << R"({"r":4,"lora_alpha":1,"base_model_name_or_path":"stabilityai/stable-diffusion-xl-base-1.0"})";

  const AdapterFacts facts = read_adapter_file(folder / "adapter_model.safetensors");

  EXPECT_EQ(facts.alpha, 1);
  EXPECT_NEAR(facts.frobenius_norm, std::sqrt(768.0), 1e-9);
  EXPECT_EQ(facts.base, "sdxl");
  EXPECT_EQ(read_adapter_file(folder / "other.safetensors").base, "");

  std::ofstream(folder / "adapter_config.json") << "{";
  EXPECT_EQ(error_code_of([&] { return read_adapter_file(folder / "adapter_model.safetensors"); }),
            ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::weights
