#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "generator/lora/adapter_weights.h"
#include "generator/lora/key_map.h"
#include "generator/lora/layer_delta.h"
#include "tests/error_code_of.h"
#include "tests/generator/lora_shapes.h"
#include "tests/shared_data.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus::generator {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

ShapeModel sd15() {
  ShapeModel model;
  model.add("unet", sd15_unet_layers());
  model.add("text_encoder", clip_layers(12, 768));
  return model;
}

ShapeModel sd2() {
  ShapeModel model;
  model.add("unet", sd2_unet_layers());
  model.add("text_encoder", clip_layers(23, 1024));
  return model;
}

ShapeModel sdxl() {
  ShapeModel model;
  model.add("unet", sdxl_unet_layers());
  model.add("text_encoder", clip_layers(12, 768));
  model.add("text_encoder_2", clip_layers(32, 1280));
  return model;
}

std::string path_of(const KeyMap& keys, const std::string& module,
                    const std::string& component = "unet") {
  const LayerAddress* address = keys.find(component, module);
  return address == nullptr ? "" : address->path;
}

std::size_t count_in_attention(const std::vector<LayerShape>& layers) {
  return static_cast<std::size_t>(std::count_if(
      layers.begin(), layers.end(),
      [](const LayerShape& layer) { return layer.path.find("attentions.") != std::string::npos; }));
}

/// The counts of formats-and-protocols 1.4 and generation-and-evaluation 11.3.
TEST(LoraShapesTest, HaveTheKnownNumbersOfLayersAndWeights) {
  EXPECT_EQ(count_in_attention(sd15_unet_layers()), 192U);
  EXPECT_EQ(count_in_attention(sdxl_unet_layers()), 722U);
  EXPECT_EQ(clip_layers(12, 768).size(), 72U);
  double parameters = 0;
  for (const LayerShape& layer : sdxl_unet_layers()) {
    double size = 1;
    for (const std::int64_t side : layer.weight) {
      size *= static_cast<double>(side);
    }
    parameters += size + (layer.has_bias ? static_cast<double>(layer.weight[0]) : 0);
  }
  // 2,567,463,684 with the norms, which are 0.03 %.
  EXPECT_NEAR(parameters / 2567463684.0, 1, 5e-4);
}

/// The worked pairs of formats-and-protocols 1.5.
TEST(KeyMapTest, KnowsDiffusersAndLdmNames) {
  const ShapeModel small_model = sd15();
  const KeyMap small(small_model.components());
  const ShapeModel large_model = sdxl();
  const KeyMap large(large_model.components());

  EXPECT_EQ(path_of(small, "down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"),
            "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k");
  EXPECT_EQ(path_of(small, "input_blocks.4.1.transformer_blocks.0.attn2.to_k"),
            "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k");
  EXPECT_EQ(path_of(small, "output_blocks_11_1_proj_out"), "up_blocks.3.attentions.2.proj_out");
  EXPECT_EQ(path_of(small, "output_blocks_2_1_conv"), "up_blocks.0.upsamplers.0.conv");
  EXPECT_EQ(path_of(small, "output_blocks_5_2_conv"), "up_blocks.1.upsamplers.0.conv");
  EXPECT_EQ(path_of(small, "input_blocks_2_0_in_layers_2"), "down_blocks.0.resnets.1.conv1");
  EXPECT_EQ(path_of(small, "input_blocks_9_0_op"), "down_blocks.2.downsamplers.0.conv");
  EXPECT_EQ(path_of(small, "middle_block_2_out_layers_3"), "mid_block.resnets.1.conv2");
  EXPECT_EQ(path_of(small, "time_embed_0"), "time_embedding.linear_1");
  EXPECT_EQ(path_of(large, "input_blocks_7_1_transformer_blocks_9_attn2_to_v"),
            "down_blocks.2.attentions.0.transformer_blocks.9.attn2.to_v");
  EXPECT_EQ(path_of(large, "output_blocks_5_1_transformer_blocks_1_ff_net_2"),
            "up_blocks.1.attentions.2.transformer_blocks.1.ff.net.2");
  EXPECT_EQ(path_of(large, "output_blocks_2_2_conv"), "up_blocks.0.upsamplers.0.conv");
  EXPECT_EQ(path_of(large, "label_emb_0_2"), "add_embedding.linear_2");
  EXPECT_EQ(path_of(small, "label_emb_0_2"), "");
  EXPECT_EQ(path_of(small, "mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out"),
            "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0");
  EXPECT_EQ(path_of(small, "text_model.encoder.layers.3.self_attn.to_out", "text_encoder"),
            "text_model.encoder.layers.3.self_attn.out_proj");
  EXPECT_EQ(path_of(small, "anything", "text_encoder_2"), "");
}

TEST(KeyMapTest, EveryLayerOfAUNetHasOneLdmName) {
  for (const auto& layers : {sd15_unet_layers(), sd2_unet_layers(), sdxl_unet_layers()}) {
    ShapeModel model;
    model.add("unet", layers);
    const LdmNames names(model.components().at("unet"));
    std::set<std::string> seen;
    for (const LayerShape& layer : layers) {
      EXPECT_TRUE(seen.insert(names.of(layer.path)).second) << layer.path;
    }
    EXPECT_EQ(seen.count(""), 0U);
  }
}

struct RealFile {
  std::string name;
  std::string base;
  std::size_t layers;
};

void PrintTo(const RealFile& file, std::ostream* out) { *out << file.name; }

class RealLorasTest : public testing::TestWithParam<RealFile> {};

INSTANTIATE_TEST_SUITE_P(Files, RealLorasTest,
                         testing::Values(RealFile{"brainmri_peft", "sd15", 128},
                                         RealFile{"catundchat_noprefix", "sd15", 128},
                                         RealFile{"cloneofsimo_analog_svd_rank4", "sd15", 192},
                                         RealFile{"cloneofsimo_disney_rank1_ti", "sd15", 192},
                                         RealFile{"hansjohn_sd15_te_peftadapter", "sd15", 24},
                                         RealFile{"hansjohn_sdxl_te1_peftadapter", "sdxl", 24},
                                         RealFile{"haseebae_attnproc", "sd15", 128},
                                         RealFile{"ivanby12_attnproc_sd2", "sd2", 128},
                                         RealFile{"justinjiang_peft_sd2", "sd2", 128},
                                         RealFile{"pokemon_noprefix", "sd15", 128},
                                         RealFile{"timohavdk_2100_peft", "sd15", 128},
                                         RealFile{"timohavdk_kohyalike_doubleunet", "sd15", 128},
                                         RealFile{"vfph55_peft_bf16", "sd2", 128}),
                         [](const auto& test) { return test.param.name; });

TEST_P(RealLorasTest, FitTheirModelWithoutARest) {
  STYLUS_NEEDS_SHARED_DATA();
  const RealFile& file = GetParam();
  const ShapeModel model = file.base == "sd15" ? sd15() : file.base == "sd2" ? sd2() : sdxl();
  const KeyMap keys(model.components());

  const AdapterPtr adapter =
      load_adapter(shared_data() / "loras" / (file.name + ".safetensors"), keys);

  EXPECT_EQ(adapter->layers.size(), file.layers);
  EXPECT_EQ(adapter->report.coverage(), 1);
  EXPECT_EQ(adapter->report.foreign_layers, 0U);
  EXPECT_THAT(adapter->report.unused, IsEmpty());
}

TEST(RealLorasTest, OneForAnotherFamilyIsRefusedAndSaysWhatItLooksLike) {
  STYLUS_NEEDS_SHARED_DATA();
  const ShapeModel model = sd15();
  const KeyMap keys(model.components());
  const auto load = [&] {
    return load_adapter(shared_data() / "loras" / "justinjiang_peft_sd2.safetensors", keys);
  };

  EXPECT_EQ(error_code_of(load), ErrorCode::kUnsupported);
  // The layers without text width are alike in both families.
  EXPECT_THAT(error_message_of(load), AllOf(HasSubstr("96 of 128 layers"), HasSubstr("75 %"),
                                            HasSubstr("sd2"), HasSubstr("1024"), HasSubstr("768")));
}

TEST(RealLorasTest, TwoSpellingsOfOneAdapterBecomeTheSame) {
  STYLUS_NEEDS_SHARED_DATA();
  const ShapeModel model = sd15();
  const KeyMap keys(model.components());
  const auto load = [&](const char* name) {
    return load_adapter(shared_data() / "loras" / name, keys);
  };
  const AdapterPtr one = load("timohavdk_2100_peft.safetensors");
  const AdapterPtr two = load("timohavdk_kohyalike_doubleunet.safetensors");

  std::map<std::string, at::Tensor> downs;
  for (const LayerFactors& layer : one->layers) {
    downs[layer.path] = layer.factors[1];
  }
  ASSERT_EQ(two->layers.size(), downs.size());
  for (const LayerFactors& layer : two->layers) {
    EXPECT_TRUE(layer.factors[1].equal(downs.at(layer.path))) << layer.path;
  }
}

using weights::SafetensorsBuilder;

AdapterPtr load(const SafetensorsBuilder& file, const KeyMap& keys) {
  const std::string bytes = file.bytes();
  return load_adapter(weights::as_bytes(bytes), "test file", keys);
}

/// The first tensors of a table of true names and shapes.
TEST(RealLorasTest, AFileForATransformerIsRefused) {
  STYLUS_NEEDS_SHARED_DATA();
  const ShapeModel model = sdxl();
  const KeyMap keys(model.components());
  for (const char* name : {"flux_lora_kohya_format", "flux_lora_diffusers_format"}) {
    std::ifstream stream(shared_data() / "lora_layouts" / (std::string(name) + ".json"));
    const nlohmann::json table = nlohmann::json::parse(stream).at("tensors");
    SafetensorsBuilder builder;
    std::size_t count = 0;
    for (const auto& [tensor, shape] : table.items()) {
      if (count++ < 30) {
        builder.fill_f32(tensor, shape.get<std::vector<std::int64_t>>(), 1);
      }
    }
    const auto refused = [&] { return load(builder, keys); };

    EXPECT_EQ(error_code_of(refused), ErrorCode::kUnsupported) << name;
    EXPECT_THAT(error_message_of(refused), AllOf(HasSubstr("only 0 of"), HasSubstr("flux1")));
  }
}

TEST(AdapterWeightsTest, RefusesWhatTheLayerCannotTake) {
  ShapeModel model;
  model.add("unet", {{"mid_block.attentions.0.proj_in", {4, 2}, true}});
  const KeyMap keys(model.components());
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";
  const auto message = [&](const SafetensorsBuilder& file) {
    const auto refuse = [&] { return load(file, keys); };
    EXPECT_EQ(error_code_of(refuse), ErrorCode::kUnsupported);
    return error_message_of(refuse);
  };

  EXPECT_THAT(message(SafetensorsBuilder()
                          .add_f32(layer + "weight", {4}, {1, 1, 1, 1})
                          .add_f32(layer + "on_input", {}, {1})),
              HasSubstr("4 factors for inputs"));
  EXPECT_THAT(message(SafetensorsBuilder().fill_f32(layer + "oft_blocks", {3, 2, 2}, 1)),
              HasSubstr("its rotations are [3, 2, 2], the layer is [4, 2]"));
  EXPECT_THAT(message(SafetensorsBuilder().fill_f32(layer + "oft_blocks", {3, 2, 2, 2}, 1)),
              HasSubstr("its rotations are [3, 2, 2, 2]"));
  EXPECT_THAT(message(SafetensorsBuilder()
                          .fill_f32(layer + "oft_blocks", {2, 2, 2}, 1)
                          .fill_f32(layer + "rescale", {3, 1}, 1)),
              HasSubstr("its rescale is [3, 1]"));
  EXPECT_THAT(message(SafetensorsBuilder()
                          .fill_f32(layer + "lora_up.weight", {8, 1}, 1)
                          .fill_f32(layer + "lora_down.weight", {1, 4}, 1)
                          .fill_f32(layer + "reshape_weight", {2}, 8)),
              HasSubstr("enlarges layers"));
}

TEST(AdapterWeightsTest, RefusesRotationsThatAreNoNumbers) {
  ShapeModel model;
  model.add("unet", {{"mid_block.attentions.0.proj_in", {2, 2}, true}});
  const KeyMap keys(model.components());
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  const SafetensorsBuilder file = SafetensorsBuilder().add_f32(
      "lora_unet_mid_block_attentions_0_proj_in.oft_blocks", {1, 2, 2}, {0, nothing, 1, 0});
  const auto refuse = [&] { return load(file, keys); };

  EXPECT_EQ(error_code_of(refuse), ErrorCode::kCorruptData);
  EXPECT_THAT(error_message_of(refuse), HasSubstr("no finite numbers"));
}

/// Older files name GLoRA's factors the other way round.
TEST(AdapterWeightsTest, BothOrdersOfGloraComeToTheSame) {
  ShapeModel model;
  model.add("unet", {{"mid_block.attentions.0.proj_in", {3, 2}, true}});
  const KeyMap keys(model.components());
  const auto delta = [&](std::array<const char*, 4> parts) {
    const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";
    const AdapterPtr adapter = load(SafetensorsBuilder()
                                        .add_f32(layer + parts[0] + ".weight", {2, 1}, {1, 2})
                                        .add_f32(layer + parts[1] + ".weight", {1, 2}, {3, 4})
                                        .add_f32(layer + parts[2] + ".weight", {3, 1}, {5, 6, 7})
                                        .add_f32(layer + parts[3] + ".weight", {1, 2}, {8, 9})
                                        .add_f32(layer + "alpha", {}, {0.5F}),
                                    keys);
    return dense_delta(adapter->layers.at(0), at::ones({3, 2}));
  };

  const at::Tensor now = delta({"a1", "a2", "b1", "b2"});
  const at::Tensor before = delta({"a2", "a1", "b2", "b1"});

  EXPECT_TRUE(now.equal(before));
  // Row 0: ([1 1] [1 2]^T [3 4] + 5 [8 9]) / 2.
  EXPECT_EQ(now[0][0].item<float>(), 24.5F);
  EXPECT_EQ(now[0][1].item<float>(), 28.5F);
}

TEST(AdapterWeightsTest, ReportsWhatItDoesNotUse) {
  ShapeModel model;
  model.add("unet", {{"mid_block.attentions.0.proj_in", {2, 2}, true},
                     {"mid_block.attentions.0.proj_out", {2, 2}, true}});
  const KeyMap keys(model.components());
  SafetensorsBuilder file;
  for (int i = 0; i < 2; ++i) {
    const std::string layer =
        std::string("lora_unet_mid_block_attentions_0_proj_") + (i == 0 ? "in" : "out");
    file.add_f32(layer + ".lora_up.weight", {2, 1}, {1, 2});
    file.add_f32(layer + ".lora_down.weight", {1, 2}, {1, -1});
  }
  file.add_f32("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", {2, 1}, {1, 2});
  file.add_f32("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", {1, 2}, {1, 2});
  file.add_f32("something.else", {2}, {1, 2});

  const AdapterReport report = load(file, keys)->report;

  EXPECT_EQ(report.applied, 2U);
  EXPECT_EQ(report.foreign_layers, 1U);
  EXPECT_THAT(report.unused, testing::ElementsAre(HasSubstr("something.else")));
}

TEST(AdapterWeightsTest, FindsNormsByBothSpellings) {
  ShapeModel model;
  model.add("unet", {{"down_blocks.0.resnets.1.norm1", {4}, true},
                     {"down_blocks.0.resnets.1.norm2", {4}, true},
                     {"down_blocks.0.resnets.1.conv1", {4, 4, 3, 3}, true},
                     {"conv_norm_out", {4}, true}});
  const KeyMap keys(model.components());
  EXPECT_EQ(path_of(keys, "input_blocks_2_0_in_layers_0"), "down_blocks.0.resnets.1.norm1");
  EXPECT_EQ(path_of(keys, "input_blocks_2_0_out_layers_0"), "down_blocks.0.resnets.1.norm2");
  EXPECT_EQ(path_of(keys, "out_0"), "conv_norm_out");
  EXPECT_EQ(path_of(keys, "down_blocks_0_resnets_1_norm2"), "down_blocks.0.resnets.1.norm2");
}

TEST(AdapterWeightsTest, RefusesNormsOfAnotherSizeAndUpdatesThatNormsCannotHave) {
  ShapeModel model;
  model.add("unet", {{"conv_norm_out", {4}, true}, {"conv_out", {4, 4, 3, 3}, true}});
  const KeyMap keys(model.components());
  const auto message = [&](const SafetensorsBuilder& file) {
    const auto refuse = [&] { return load(file, keys); };
    EXPECT_EQ(error_code_of(refuse), ErrorCode::kUnsupported);
    return error_message_of(refuse);
  };
  EXPECT_THAT(
      message(SafetensorsBuilder().add_f32("lora_unet_conv_norm_out.w_norm", {3}, {1, 2, 3})),
      HasSubstr("does not fit a norm of 4 channels"));
  EXPECT_THAT(message(SafetensorsBuilder()
                          .add_f32("lora_unet_conv_norm_out.lora_up.weight", {4, 1}, {1, 2, 3, 4})
                          .add_f32("lora_unet_conv_norm_out.lora_down.weight", {1, 1}, {1})),
              HasSubstr("does not fit a norm of 4 channels"));
  EXPECT_THAT(message(SafetensorsBuilder().add_f32("lora_unet_conv_out.w_norm", {4}, {1, 2, 3, 4})),
              HasSubstr("it changes a norm, the layer is none"));
}

TEST(AdapterWeightsTest, PadsTheFirstConvolutionOfInpaintingModels) {
  ShapeModel model;
  model.add("unet", {{"conv_in", {2, 9, 3, 3}, true}});
  const KeyMap keys(model.components());
  SafetensorsBuilder file;
  file.add_f32("lora_unet_conv_in.lora_up.weight", {2, 1, 1, 1}, {1, 2});
  file.add_f32("lora_unet_conv_in.lora_down.weight", {1, 4, 3, 3}, std::vector<float>(36, 3));

  const AdapterPtr adapter = load(file, keys);

  const at::Tensor delta = dense_delta(adapter->layers.at(0));
  EXPECT_EQ(delta.sizes(), (std::vector<std::int64_t>{2, 9, 3, 3}));
  EXPECT_EQ(delta.narrow(1, 0, 4).sum().item<float>(), 36 * 9);
  EXPECT_EQ(delta.narrow(1, 4, 5).abs().sum().item<float>(), 0);
}

}  // namespace
}  // namespace stylus::generator
