#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "nn/checkpoint.h"
#include "nn/clip_text.h"
#include "nn/unet.h"
#include "nn/vae.h"
#include "tests/error_code_of.h"
#include "tests/nn/golden.h"

namespace stylus::nn {
namespace {

std::unique_ptr<UNet> load_unet(const Golden& golden, const TensorOptions& options = {}) {
  return load_model<UNet>(read_unet_config(golden.config(), "config"), golden.weights(), "unet",
                          options);
}

AddedConditions added_of(const Golden& golden, const UNet& unet) {
  if (!unet.config().has_text_time) {
    return {};
  }
  return {golden.input("text_embeds"), golden.input("time_ids")};
}

void expect_unet(const Golden& golden, const UNet& unet, int sizes, double slack = 1) {
  const c10::InferenceMode mode;
  const at::Tensor timestep = golden.input("timestep");
  const AddedConditions added = added_of(golden, unet);
  const UNetContext prepared = unet.prepare_context(golden.input("context"));
  for (int i = 0; i < sizes; ++i) {
    const std::string number = std::to_string(i);
    const at::Tensor sample = golden.input("sample" + number);
    golden.expect_output("x" + number,
                         unet.forward(sample, timestep, golden.input("context"), added), slack);
    golden.expect_output("x" + number, unet.forward(sample, timestep, prepared, added), slack);
  }
}

TEST(UNet, EqualsDiffusersInTheShapeOfStableDiffusion1) {
  const Golden golden("unet_sd15");
  EXPECT_EQ(golden.weights().size(), 686U);
  expect_unet(golden, *load_unet(golden), 2);
}

TEST(UNet, EqualsDiffusersInTheShapeOfStableDiffusionXl) {
  const Golden golden("unet_sdxl");
  expect_unet(golden, *load_unet(golden), 1);
}

TEST(UNet, EqualsDiffusersWithNineChannels) {
  const Golden golden("unet_inpainting");
  expect_unet(golden, *load_unet(golden), 1);
}

TEST(UNet, EqualsDiffusersWithOneLayerABlockAndAttentionEverywhere) {
  const Golden golden("unet_mini");
  expect_unet(golden, *load_unet(golden), 2);
}

TEST(UNet, GivesTheSameWithChannelsLast) {
  for (const char* name : {"unet_sd15", "unet_sdxl"}) {
    const Golden golden(name);
    TensorOptions options;
    options.channels_last = true;
    expect_unet(golden, *load_unet(golden, options), 1);
    const std::unique_ptr<UNet> converted = load_unet(golden);
    converted->to(at::kCPU, at::kFloat, true);
    expect_unet(golden, *converted, 1);
  }
}

TEST(UNet, RunsInBfloat16) {
  const Golden golden("unet_sd15");
  TensorOptions options;
  options.dtype = at::kBFloat16;
  const std::unique_ptr<UNet> unet = load_unet(golden, options);
  const c10::InferenceMode mode;
  const at::Tensor out =
      unet->forward(golden.input("sample0"), golden.input("timestep"), golden.input("context"));
  EXPECT_EQ(out.scalar_type(), at::kBFloat16);
  const at::Tensor expected = golden.output("x0");
  EXPECT_LT(out.to(at::kFloat).sub(expected).abs().mean().item<double>(),
            0.03 * expected.abs().mean().item<double>());
}

TEST(UNet, DoesNotChangeItsInputs) {
  const Golden golden("unet_sd15");
  const std::unique_ptr<UNet> unet = load_unet(golden);
  const c10::InferenceMode mode;
  const at::Tensor sample = golden.input("sample0").clone();
  const at::Tensor context = golden.input("context").clone();
  (void)unet->forward(sample, golden.input("timestep"), context);
  EXPECT_TRUE(sample.equal(golden.input("sample0")));
  EXPECT_TRUE(context.equal(golden.input("context")));
}

TEST(UNet, TakesOneTimestepForAll) {
  const Golden golden("unet_sd15");
  const std::unique_ptr<UNet> unet = load_unet(golden);
  const c10::InferenceMode mode;
  const at::Tensor sample = golden.input("sample0");
  const at::Tensor context = golden.input("context");
  const at::Tensor one = unet->forward(sample, golden.input("timestep")[0], context);
  const at::Tensor two = unet->forward(sample, golden.input("timestep").narrow(0, 0, 1), context);
  EXPECT_TRUE(one.equal(two));
  const at::Tensor first = golden.output("x0")[0];
  EXPECT_LT(one[0].sub(first).abs().max().item<double>(), 1e-3);
}

TEST(UNet, RefusesInputsOfOtherShapes) {
  const Golden golden("unet_sd15");
  const std::unique_ptr<UNet> unet = load_unet(golden);
  const at::Tensor sample = golden.input("sample0");
  const at::Tensor time = golden.input("timestep");
  const at::Tensor context = golden.input("context");
  const auto code = [&](const at::Tensor& s, const at::Tensor& t, const at::Tensor& c) {
    return error_code_of([&] { return unet->forward(s, t, c); });
  };
  EXPECT_EQ(code(sample.narrow(1, 0, 3), time, context), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(sample, time.repeat({2}), context), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(sample, time, context.narrow(2, 0, 5)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(sample, time, context.narrow(0, 0, 1)), ErrorCode::kInvalidArgument);
}

TEST(UNet, NamesItsLayersAsDiffusersDoes) {
  const Golden golden("unet_sd15");
  const std::unique_ptr<UNet> unet = load_unet(golden);
  const LayerTable layers = unet->layers();
  EXPECT_TRUE(layers.contains("down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0"));
  EXPECT_TRUE(layers.contains("up_blocks.3.resnets.2.conv_shortcut"));
  std::size_t tensors = unet->tensors().size();
  for (const auto& [path, layer] : layers) {
    tensors += layer->bias().defined() ? 2U : 1U;
  }
  EXPECT_EQ(tensors, 686U);
}

std::unique_ptr<Vae> load_vae(const Golden& golden, const TensorOptions& options = {}) {
  return load_model<Vae>(read_vae_config(golden.config(), "config"), golden.weights(), "vae",
                         options);
}

TEST(Vae, EqualsDiffusers) {
  const Golden golden("vae");
  for (const bool channels_last : {false, true}) {
    TensorOptions options;
    options.channels_last = channels_last;
    const std::unique_ptr<Vae> vae = load_vae(golden, options);
    const c10::InferenceMode mode;
    const Moments moments = vae->encode(golden.input("image"));
    golden.expect_output("mean", moments.mean);
    golden.expect_output("mode", moments.mean);
    golden.expect_output("logvar", moments.logvar);
    golden.expect_output("std", moments.deviation());
    golden.expect_output("decoded", vae->decode(golden.input("z")));
  }
}

TEST(Vae, EqualsDiffusersInTiles) {
  const Golden golden("vae");
  const std::unique_ptr<Vae> vae = load_vae(golden);
  const c10::InferenceMode mode;
  golden.expect_output("tiled_mean", vae->encode_tiled(golden.input("large_image")).mean);
  golden.expect_output("tiled_decoded", vae->decode_tiled(golden.input("large_z")));
}

TEST(Vae, DecodesWholeWhatFitsIntoOneTile) {
  const Golden golden("vae");
  const std::unique_ptr<Vae> vae = load_vae(golden);
  const c10::InferenceMode mode;
  EXPECT_TRUE(vae->decode_tiled(golden.input("z")).equal(vae->decode(golden.input("z"))));
}

TEST(Vae, TilesWhoseOverlapIsNoWholeNumberMeetAllTheSame) {
  const Golden golden("vae");
  const std::unique_ptr<Vae> vae = load_vae(golden);
  const c10::InferenceMode mode;
  const at::Tensor z = golden.input("large_z");
  const at::Tensor image = golden.input("large_image");
  const std::int64_t tile = 5 * vae->factor();
  ASSERT_GT(z.size(2), 5);
  EXPECT_EQ(vae->decode_tiled(z, {tile, 0.25}).sizes(), vae->decode(z).sizes());
  EXPECT_EQ(vae->encode_tiled(image, {tile, 0.25}).mean.sizes(), vae->encode(image).mean.sizes());
}

TEST(Vae, RefusesOtherShapesAndTilesThatAreTooSmall) {
  const Golden golden("vae");
  const std::unique_ptr<Vae> vae = load_vae(golden);
  const at::Tensor z = golden.input("z");
  EXPECT_EQ(error_code_of([&] { return vae->decode(z.narrow(1, 0, 3)); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return vae->encode(z); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              return vae->decode_tiled(z, {8, 0.25});
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              return vae->decode_tiled(z, {32, 1.0});
            }),
            ErrorCode::kInvalidArgument);
}

std::unique_ptr<ClipText> load_text(const Golden& golden) {
  return load_model<ClipText>(read_clip_text_config(golden.config(), "config"),
                              normalised_text_names(golden.weights()), "text encoder", {});
}

void expect_text(const Golden& golden, const ClipText& text) {
  const c10::InferenceMode mode;
  const ClipText::Output output = text.forward(golden.input("ids"));
  ASSERT_EQ(output.hidden.size(), static_cast<std::size_t>(text.config().layers) + 1);
  for (std::size_t i = 0; i < output.hidden.size(); ++i) {
    golden.expect_output("hidden" + std::to_string(i), output.hidden[i]);
  }
  golden.expect_output("last", output.last);
  golden.expect_output("last", text.final_norm(output.hidden.back()));
  if (text.config().has_projection) {
    golden.expect_output("projected", output.projected);
  } else {
    golden.expect_output("pooled", output.pooled);
    EXPECT_FALSE(output.projected.defined());
  }
}

TEST(ClipText, EqualsTransformersWithQuickGelu) {
  const Golden golden("clip_text_l");
  expect_text(golden, *load_text(golden));
}

TEST(ClipText, EqualsTransformersWithGeluAndProjection) {
  const Golden golden("clip_text_g");
  expect_text(golden, *load_text(golden));
}

TEST(ClipText, ReadsLearnedTokensBehindTheVocabulary) {
  const Golden golden("clip_text_l");
  const std::unique_ptr<ClipText> text = load_text(golden);
  const c10::InferenceMode mode;
  const at::Tensor ids = golden.input("ids");
  at::Tensor learned = ids.clone();
  learned.masked_fill_(ids.eq(3), 101);
  EXPECT_EQ(error_code_of([&] { return text->forward(learned); }), ErrorCode::kInvalidArgument);
  // Row 1 of the learned vectors is that of id 3, so nothing may change, the pooled row included.
  text->set_extra_embeddings(text->token_embedding().narrow(0, 2, 2));
  const ClipText::Output output = text->forward(learned);
  golden.expect_output("last", output.last);
  golden.expect_output("pooled", output.pooled);
  text->set_extra_embeddings({});
  expect_text(golden, *text);
}

TEST(ClipText, RefusesIdsOfAnotherShape) {
  const Golden golden("clip_text_l");
  const std::unique_ptr<ClipText> text = load_text(golden);
  const at::Tensor ids = golden.input("ids");
  EXPECT_EQ(error_code_of([&] { return text->forward(ids[0]); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              return text->forward(ids.repeat({1, 2}));
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return text->forward(ids.sub(5)); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::nn
