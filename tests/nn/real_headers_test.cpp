// True names and shapes of Stable Diffusion 1.5, 2.1 and XL: what loads here loads from real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nn/checkpoint.h"
#include "tests/error_code_of.h"
#include "tests/nn/header_file.h"

namespace stylus::nn {
namespace {

using testing::HasSubstr;

CheckpointParts parts_of(const StoredTensors& file,
                         const std::map<std::string, std::string>& metadata = {}) {
  return sort_single_file(file, metadata, "the file");
}

template <typename Model, typename Config>
std::pair<std::int64_t, std::size_t> size_of(const Config& config) {
  TensorSource source = TensorSource::any();
  const Model model(config, source);
  return {source.taken_elements(), source.taken_count()};
}

using Size = std::pair<std::int64_t, std::size_t>;

TEST(ParameterCounts, AreThoseOfTheRealModels) {
  EXPECT_EQ(size_of<UNet>(UNetConfig::sd15()), Size(859'520'964, 686));
  EXPECT_EQ(size_of<UNet>(UNetConfig::sdxl()), Size(2'567'463'684, 1680));
  EXPECT_EQ(size_of<UNet>(UNetConfig::sd15().inpainting()), Size(859'520'964 + 5 * 9 * 320, 686));
  EXPECT_EQ(size_of<Vae>(VaeConfig::sd()), Size(83'653'863, 248));
  EXPECT_EQ(size_of<ClipText>(ClipTextConfig::clip_l()).first, 123'060'480);
  EXPECT_EQ(size_of<ClipText>(ClipTextConfig::open_clip_big_g()).first, 694'659'840);
}

TEST(RealHeaders, OfSingleFilesGiveTheKnownConfigs) {
  const CheckpointParts sd15 = parts_of(read_header_file("sd15_file"));
  check_checkpoint(sd15);
  EXPECT_EQ(sd15.base, "sd15");
  EXPECT_EQ(sd15.prediction, "epsilon");
  EXPECT_FALSE(sd15.is_inpainting);
  EXPECT_EQ(size_of<UNet>(sd15.unet_config), size_of<UNet>(UNetConfig::sd15()));
  EXPECT_EQ(sd15.unet_config.heads, UNetConfig::sd15().heads);
  EXPECT_FALSE(sd15.unet_config.use_linear_projection);
  EXPECT_DOUBLE_EQ(sd15.vae_config.scaling_factor, 0.18215);
  ASSERT_EQ(sd15.text_configs.size(), 1U);
  EXPECT_EQ(sd15.text_configs[0].heads, 12);
  EXPECT_TRUE(sd15.text_configs[0].quick_gelu);

  const CheckpointParts sd2 = parts_of(read_header_file("sd2_file"));
  check_checkpoint(sd2);
  EXPECT_EQ(sd2.base, "sd2");
  EXPECT_EQ(sd2.prediction, "v_prediction");
  EXPECT_EQ(sd2.unet_config.heads, UNetConfig::sd2().heads);
  EXPECT_TRUE(sd2.unet_config.use_linear_projection);
  EXPECT_EQ(sd2.text_configs[0].layers, 23);
  EXPECT_EQ(sd2.text_configs[0].heads, 16);
  EXPECT_FALSE(sd2.text_configs[0].quick_gelu);

  const CheckpointParts sdxl = parts_of(read_header_file("sdxl_file"));
  check_checkpoint(sdxl);
  EXPECT_EQ(sdxl.base, "sdxl");
  EXPECT_EQ(sdxl.prediction, "epsilon");
  EXPECT_EQ(size_of<UNet>(sdxl.unet_config), size_of<UNet>(UNetConfig::sdxl()));
  EXPECT_EQ(sdxl.unet_config.heads, UNetConfig::sdxl().heads);
  EXPECT_DOUBLE_EQ(sdxl.vae_config.scaling_factor, 0.13025);
  EXPECT_TRUE(sdxl.force_zeros_for_empty_prompt);
  ASSERT_EQ(sdxl.text_configs.size(), 2U);
  EXPECT_EQ(sdxl.text_configs[0].hidden_size, 768);
  EXPECT_EQ(size_of<ClipText>(sdxl.text_configs[1]).first, 694'659'840);
  EXPECT_EQ(sdxl.text_configs[1].heads, 20);
  EXPECT_TRUE(sdxl.text_configs[1].has_projection);
}

TEST(RealHeaders, OfFoldersFitTheKnownConfigs) {
  struct Case {
    const char* name;
    UNetConfig unet;
    VaeConfig vae;
    ClipTextConfig text;
  };
  for (const Case& c :
       {Case{"sd15_folder", UNetConfig::sd15(), VaeConfig::sd(), ClipTextConfig::clip_l()},
        Case{"sd2_folder", UNetConfig::sd2(), VaeConfig::sd(), ClipTextConfig::open_clip_h()},
        Case{"sdxl_folder", UNetConfig::sdxl(), VaeConfig::sdxl(), ClipTextConfig::clip_l()}}) {
    const StoredTensors folder = read_header_file(c.name);
    check_model<UNet>(c.unet, part_of(folder, "unet"), c.name);
    check_model<Vae>(c.vae, part_of(folder, "vae"), c.name);
    check_model<ClipText>(c.text, normalised_text_names(part_of(folder, "text_encoder")), c.name);
  }
  check_model<ClipText>(
      ClipTextConfig::open_clip_big_g(),
      normalised_text_names(part_of(read_header_file("sdxl_folder"), "text_encoder_2")), "sdxl");
}

TEST(RealHeaders, LoadWithTheNamesOfMergesAndTrainers) {
  StoredTensors file = read_header_file("sd15_file");
  StoredTensors renamed;
  for (const auto& [name, stored] : file) {
    std::string other = name;
    for (const std::string part : {"model.diffusion_model.", "text_model."}) {
      if (const std::size_t place = other.find(part); place != std::string::npos) {
        other.erase(place, part.size());
      }
    }
    renamed.emplace(other, stored);
    renamed.emplace("model_ema.diffusion_model" + name.substr(name.find('.') + 1), stored);
  }
  const CheckpointParts parts = parts_of(renamed);
  check_checkpoint(parts);
  EXPECT_EQ(parts.unet_tensors.size(), 686U);
}

TEST(RealHeaders, TellInpaintingAndPredictionApart) {
  StoredTensors file = read_header_file("sd15_file");
  file.at("model.diffusion_model.input_blocks.0.0.weight").tensor.shape[1] = 9;
  const CheckpointParts inpainting = parts_of(file);
  check_checkpoint(inpainting);
  EXPECT_TRUE(inpainting.is_inpainting);
  file.at("model.diffusion_model.input_blocks.0.0.weight").tensor.shape[1] = 8;
  EXPECT_THAT(error_message_of([&] { return parts_of(file); }), HasSubstr("InstructPix2Pix"));

  StoredTensors fork = read_header_file("sdxl_file");
  fork["v_pred"].tensor.name = "v_pred";
  fork["ztsnr"].tensor.name = "ztsnr";
  const CheckpointParts v = parts_of(fork);
  check_checkpoint(v);
  EXPECT_EQ(v.prediction, "v_prediction");
  const auto scheduler = nlohmann::json::parse(v.scheduler_config);
  EXPECT_EQ(scheduler["prediction_type"], "v_prediction");
  EXPECT_EQ(scheduler["rescale_betas_zero_snr"], true);
  EXPECT_EQ(
      parts_of(read_header_file("sd2_file"), {{"modelspec.prediction_type", "epsilon"}}).prediction,
      "epsilon");
}

TEST(RealHeaders, ThatLackTensorsAreRefusedByName) {
  StoredTensors file = read_header_file("sdxl_file");
  file.erase("model.diffusion_model.output_blocks.5.1.transformer_blocks.1.attn2.to_v.weight");
  const CheckpointParts parts = parts_of(file);
  EXPECT_EQ(error_code_of([&] {
              check_checkpoint(parts);
              return 0;
            }),
            ErrorCode::kCorruptData);
  EXPECT_THAT(
      error_message_of([&] {
        check_checkpoint(parts);
        return 0;
      }),
      HasSubstr(
          "1 tensor missing: 'up_blocks.1.attentions.2.transformer_blocks.1.attn2.to_v.weight'"));
}

TEST(RealHeaders, WithForeignTensorsAreRefusedByName) {
  StoredTensors file = read_header_file("sd15_file");
  file["model.diffusion_model.middle_block.3.weight"] = file.at("betas");
  file.at("model.diffusion_model.middle_block.3.weight").tensor.name =
      "model.diffusion_model.middle_block.3.weight";
  file["something.else"] = file.at("betas");
  const std::string message = error_message_of([&] {
    check_checkpoint(parts_of(file));
    return 0;
  });
  EXPECT_THAT(message, HasSubstr("middle_block.3.weight"));
  EXPECT_THAT(message, HasSubstr("something.else"));
}

TEST(RealHeaders, WithAnotherShapeAreRefusedWithBothShapes) {
  StoredTensors file = read_header_file("sd15_file");
  file.at("first_stage_model.decoder.conv_out.weight").tensor.shape = {3, 128, 3, 1};
  const std::string message = error_message_of([&] {
    check_checkpoint(parts_of(file));
    return 0;
  });
  EXPECT_THAT(message,
              HasSubstr("'decoder.conv_out.weight' is [3, 128, 3, 1] and must be [3, 128, 3, 3]"));
}

TEST(RealHeaders, ThatClaimImpossibleSizesAreRefusedByName) {
  // Found by the fuzzer: a tensor without elements may claim any other size.
  StoredTensors file = read_header_file("sd15_file");
  const std::string name =
      "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight";
  file.at(name).tensor.shape = {std::int64_t{1} << 40U, std::int64_t{1} << 40U, 0};
  const auto check = [&] {
    check_checkpoint(parts_of(file));
    return 0;
  };
  EXPECT_EQ(error_code_of(check), ErrorCode::kCorruptData);
  EXPECT_THAT(error_message_of(check), HasSubstr("token_embedding.weight' is [1099511627776, "));
}

TEST(RealHeaders, OfOtherModelsAreRefusedByWhatTheyAre) {
  const auto refusal = [](const std::string& name) {
    StoredTensors file;
    file[name].tensor.name = name;
    EXPECT_EQ(error_code_of([&] { return parts_of(file); }), ErrorCode::kUnsupported);
    return error_message_of([&] { return parts_of(file); });
  };
  EXPECT_THAT(refusal("double_blocks.0.img_attn.norm.key_norm.scale"), HasSubstr("FLUX"));
  EXPECT_THAT(refusal("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight"),
              HasSubstr("Stable Diffusion 3"));
  EXPECT_THAT(refusal("conditioner.embedders.0.model.transformer.resblocks.9.mlp.c_proj.bias"),
              HasSubstr("refiner"));
  EXPECT_THAT(refusal("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"),
              HasSubstr("adapter"));
  EXPECT_THAT(refusal("decoder.conv_in.weight"), HasSubstr("no Stable Diffusion checkpoint"));
  StoredTensors only_unet = read_header_file("sd15_file");
  std::erase_if(only_unet, [](const auto& item) { return !item.first.starts_with("model."); });
  EXPECT_THAT(error_message_of([&] { return parts_of(only_unet); }), HasSubstr("only a part"));
}

}  // namespace
}  // namespace stylus::nn
