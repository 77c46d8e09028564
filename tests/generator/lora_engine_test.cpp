#include "generator/lora/lora_engine.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "generator/lora/lora_schedule.h"
#include "generator/lora/merge_layers.h"
#include "tests/error_code_of.h"
#include "tests/generator/lora_case.h"
#include "tests/temp_dir.h"

namespace stylus::generator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return a.sub(b).abs().max().item<double>();
}

/// Outputs of all layers for one fixed batch each.
std::map<std::string, at::Tensor> outputs(const ComponentLayers& components, std::int64_t batch,
                                          std::int64_t begin = 0, std::int64_t count = -1) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [component, layers] : components) {
    for (const auto& [path, layer] : layers) {
      const at::Tensor& weight = layer->weight();
      at::Tensor x = weight.dim() == 4 ? at::arange(batch * weight.size(1) * 12, at::kFloat)
                                             .sin()
                                             .reshape({batch, weight.size(1), 4, 3})
                                       : at::arange(batch * 3 * weight.size(1), at::kFloat)
                                             .sin()
                                             .reshape({batch, 3, weight.size(1)});
      x = x.narrow(0, begin, count < 0 ? batch : count);
      result[component + "." + path] = layer->forward(x);
    }
  }
  return result;
}

/// Three low-rank adapters of one small UNet and text encoder.
class LoraEngineTest : public testing::Test {
 protected:
  LoraCase golden_{"diffusers_three"};
  LoraEngine engine_{golden_.components()};
  std::vector<AdapterUse> set_ = golden_.uses(engine_.keys());
};

TEST_F(LoraEngineTest, EveryImageOfABatchHasItsOwnAdapters) {
  const std::vector<std::vector<double>> rows = {{1, 0, 1}, {0, 0, 0}, {0.5, 1, 0}};
  engine_.apply_per_image(set_, rows, 2);
  const auto batch = outputs(golden_.components(), 6);

  for (std::int64_t image = 0; image < 3; ++image) {
    std::vector<AdapterUse> own = set_;
    for (std::size_t a = 0; a < own.size(); ++a) {
      own[a].weight *= rows[static_cast<std::size_t>(image)][a];
    }
    engine_.apply(own, ApplyMode::kMerge, ApplyScope::kDenoiser);
    for (const std::int64_t row : {image, image + 3}) {
      for (const auto& [layer, expected] : outputs(golden_.components(), 6, row, 1)) {
        const at::Tensor actual = batch.at(layer).narrow(0, row, 1);
        EXPECT_LE(largest_difference(actual, expected),
                  1e-5 * (1 + expected.abs().max().item<double>()))
            << layer << " image " << image;
      }
    }
  }
}

TEST_F(LoraEngineTest, TheTextEncoderHasAWeightAndAScopeOfItsOwn) {
  const nn::Layer* text =
      golden_.components().at("text_encoder").at("text_model.encoder.layers.0.self_attn.q_proj");
  const at::Tensor before = text->weight().clone();

  set_[0].text_encoder_weight = 0;
  engine_.apply(set_);
  EXPECT_TRUE(at::equal(text->weight(), before));

  set_[0].text_encoder_weight = 0.5;
  const std::uint64_t denoiser = engine_.revision(ApplyScope::kDenoiser);
  engine_.apply(set_, ApplyMode::kMerge, ApplyScope::kTextEncoders);
  EXPECT_FALSE(at::equal(text->weight(), before));
  EXPECT_EQ(engine_.revision(ApplyScope::kDenoiser), denoiser);

  engine_.apply({}, ApplyMode::kMerge, ApplyScope::kTextEncoders);
  EXPECT_TRUE(at::equal(text->weight(), before));
  EXPECT_FALSE(golden_.is_pristine());
}

TEST_F(LoraEngineTest, MultipliersSwitchAdaptersStepByStep) {
  for (const ApplyMode mode : {ApplyMode::kMerge, ApplyMode::kSide}) {
    engine_.apply(set_, mode);
    for (const std::size_t step : {0U, 5U, 6U, 11U, 16U}) {
      const std::vector<double> turn = switch_multipliers(3, step);
      engine_.set_multipliers(turn);
      const auto actual = outputs(golden_.components(), 2);

      LoraCase other("diffusers_three");
      LoraEngine alone(other.components());
      std::vector<AdapterUse> one = other.uses(alone.keys());
      for (std::size_t a = 0; a < one.size(); ++a) {
        one[a].text_encoder_weight = one[a].weight;
        one[a].weight *= turn[a];
      }
      alone.apply(one);
      for (const auto& [layer, expected] : outputs(other.components(), 2)) {
        EXPECT_LE(largest_difference(actual.at(layer), expected),
                  1e-5 * (1 + expected.abs().max().item<double>()))
            << layer << " step " << step;
      }
    }
    engine_.clear();
    EXPECT_TRUE(golden_.is_pristine());
  }
}

TEST_F(LoraEngineTest, ChangingScalesKeepsTheBranchInPlace) {
  engine_.apply(set_, ApplyMode::kSide);
  const std::string path = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
  const nn::Layer* layer = golden_.components().at("unet").at(path);
  const void* scale = layer->side_branch()->scale.const_data_ptr();

  engine_.set_multipliers(std::vector<double>{0, 1, 0});

  EXPECT_EQ(layer->side_branch()->scale.const_data_ptr(), scale);
  EXPECT_EQ(layer->side_branch()->scale[0].item<float>(), 0);
}

TEST_F(LoraEngineTest, AdaptersThatAreOffLeaveTheBits) {
  for (AdapterUse& use : set_) {
    use.weight = 0;
  }
  engine_.apply(set_);
  EXPECT_TRUE(golden_.is_pristine());
}

TEST_F(LoraEngineTest, ASmallerSetTakesTheLargerOneBack) {
  engine_.apply(set_);
  engine_.apply({set_.data() + 1, 1});

  LoraCase other("diffusers_three");
  LoraEngine alone(other.components());
  const std::vector<AdapterUse> uses = other.uses(alone.keys());
  alone.apply({uses.data() + 1, 1});
  for (const auto& [path, layer] : golden_.components().at("unet")) {
    EXPECT_TRUE(at::equal(layer->weight(), other.components().at("unet").at(path)->weight()));
  }
}

TEST_F(LoraEngineTest, BlocksScaleTheirLayers) {
  const std::string down = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
  const std::string mid = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q";
  const nn::LayerTable& unet = golden_.components().at("unet");
  engine_.apply({set_.data(), 1});
  const at::Tensor full = unet.at(down)->weight().clone();
  engine_.clear();
  const at::Tensor base = unet.at(down)->weight().clone();
  const at::Tensor mid_base = unet.at(mid)->weight().clone();

  set_[0].blocks = {{"down", 0.5}, {"mid_block", 0}};
  engine_.apply({set_.data(), 1});

  const at::Tensor half = base.add(full).div(2);
  EXPECT_LE(largest_difference(unet.at(down)->weight(), half), 1e-6);
  EXPECT_TRUE(at::equal(unet.at(mid)->weight(), mid_base));
}

TEST_F(LoraEngineTest, WrongCallsChangeNothing) {
  engine_.apply(set_);
  set_[1].weight = NAN;
  EXPECT_EQ(error_code_of([&] { return engine_.apply(set_), 0; }), ErrorCode::kInvalidArgument);
  std::string where;
  EXPECT_LE(golden_.distance(&where), 1) << where;

  LoraCase toy("peft");
  const KeyMap other(toy.components());
  AdapterUse foreign;
  foreign.adapter = toy.load(0, other);
  const auto apply = [&] { return engine_.apply({&foreign, 1}), 0; };
  EXPECT_EQ(error_code_of(apply), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_message_of(apply), HasSubstr("loaded for another model"));
  EXPECT_LE(golden_.distance(&where), 1) << where;
}

TEST(LoraEngineMixTest, WhatCannotStandBesideIsMergedForAllImagesAlike) {
  LoraCase dense("loha");
  LoraEngine engine(dense.components());
  LoraCase low("peft");
  std::vector<AdapterUse> set(2);
  set[0].adapter = dense.load(0, engine.keys());
  set[1].adapter = low.load(0, engine.keys());

  engine.apply_per_image(set, {{1, 0}, {1, 1}});
  const auto batch = outputs(dense.components(), 2);
  engine.apply(set);
  for (const auto& [layer, expected] : outputs(dense.components(), 2, 1, 1)) {
    EXPECT_LE(largest_difference(batch.at(layer).narrow(0, 1, 1), expected),
              1e-5 * (1 + expected.abs().max().item<double>()))
        << layer;
  }

  const auto differ = [&] { return engine.apply_per_image(set, {{1, 0}, {0, 1}}), 0; };
  EXPECT_EQ(error_code_of(differ), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_message_of(differ), HasSubstr("group"));
}

/// One rounding from fp32: the stored half is the nearest to the exact sum.
TEST(LoraEngineHalfTest, RoundsOnce) {
  LoraCase exact("merge_cat");
  LoraEngine exact_engine(exact.components());
  exact_engine.apply(exact.uses(exact_engine.keys()));
  LoraCase half("merge_cat", {at::kHalf, false});
  LoraEngine engine(half.components());

  engine.apply(half.uses(engine.keys()));

  for (const auto& [path, layer] : half.components().at("unet")) {
    const at::Tensor wanted = exact.components().at("unet").at(path)->weight().to(at::kHalf);
    const at::Tensor differs = layer->weight().ne(wanted).to(at::kFloat).mean();
    EXPECT_LE(differs.item<float>(), 0.01F) << path;  // fp32 sums a hair apart at a border
  }
  engine.clear();
  EXPECT_TRUE(half.is_pristine());
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(AdapterCacheTest, KeepsTheLastUsedWithinItsBytes) {
  LoraCase golden("diffusers_three");
  const TempDir folder;
  LoraEngineOptions options;
  options.cache_bytes = golden.load(0, KeyMap(golden.components()))->bytes +
                        golden.load(2, KeyMap(golden.components()))->bytes;
  LoraEngine engine(golden.components(), options);
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < 3; ++i) {
    files.push_back(folder.path() / (std::to_string(i) + ".safetensors"));
    write(files.back(), golden.file(i));
  }

  const AdapterPtr first = engine.load(files[0]);
  EXPECT_EQ(engine.load(files[0]), first);
  EXPECT_EQ(engine.cache_stats().hits, 1U);
  static_cast<void>(engine.load(files[2]));
  EXPECT_EQ(engine.cache_stats().adapters, 2U);
  static_cast<void>(engine.load(files[1]));
  EXPECT_GE(engine.cache_stats().evictions, 1U);
  EXPECT_LE(engine.cache_stats().bytes, options.cache_bytes);
  EXPECT_NE(engine.load(files[0]), first);  // read again

  write(files[0], golden.file(2));  // another file under the same name
  EXPECT_EQ(engine.load(files[0])->layers.front().rank(), 4);
}

TEST(AdapterCacheTest, ReadsAheadOnAnotherThreadAndOnce) {
  std::atomic<int> reads = 0;
  AdapterCache cache(
      [&](const std::filesystem::path& file) -> AdapterPtr {
        ++reads;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        require(file != "bad", ErrorCode::kCorruptData, "bad file");
        auto adapter = std::make_shared<AdapterWeights>();
        adapter->bytes = 1;
        return adapter;
      },
      100);

  cache.prefetch("a");
  cache.prefetch("bad");
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] { EXPECT_NE(cache.get("a"), nullptr); });
  }
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(error_code_of([&] { return cache.get("bad"); }), ErrorCode::kCorruptData);
  EXPECT_EQ(cache.stats().adapters, 1U);
  EXPECT_LE(reads, 3);
}

TEST(LoraScheduleTest, SwitchGivesTheFirstOneStepMore) {
  std::vector<std::size_t> active;
  for (std::size_t step = 0; step < 17; ++step) {
    const std::vector<double> turn = switch_multipliers(2, step);
    active.push_back(turn[0] == 1 ? 0 : 1);
  }
  EXPECT_THAT(active, ElementsAre(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1));
}

TEST(LoraScheduleTest, WindowsOpenAndClose) {
  const std::vector<StepWindow> windows = {{0, 0.5}, {0.5, 1}};
  EXPECT_THAT(window_multipliers(windows, 4, 10), ElementsAre(1, 0));
  EXPECT_THAT(window_multipliers(windows, 5, 10), ElementsAre(0, 1));
  EXPECT_THAT(window_multipliers(windows, 9, 10), ElementsAre(0, 1));
  EXPECT_EQ(error_code_of([&] { return window_multipliers(windows, 10, 10); }),
            ErrorCode::kInvalidArgument);
}

TEST(LoraScheduleTest, CompositeAndGroups) {
  EXPECT_THAT(composite_multipliers(2), ElementsAre(ElementsAre(1, 0), ElementsAre(0, 1)));
  const std::vector<ImageGroup> groups = group_images_by_set({{1, 0}, {0, 1}, {1, 0}});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_THAT(groups[0].images, ElementsAre(0, 2));
  EXPECT_THAT(groups[1].multipliers, ElementsAre(0, 1));
}

TEST(BlockMultiplierTest, TheMostExactPlaceDecides) {
  const BlockMultipliers blocks = {
      {"up", 0.5}, {"up_blocks.1", 0.2}, {"up_blocks.1.attentions.2", 0}};
  EXPECT_EQ(block_multiplier(blocks, "up_blocks.0.resnets.0.conv1"), 0.5);
  EXPECT_EQ(block_multiplier(blocks, "up_blocks.1.resnets.0.conv1"), 0.2);
  EXPECT_EQ(block_multiplier(blocks, "up_blocks.1.attentions.2.proj_in"), 0);
  EXPECT_EQ(block_multiplier(blocks, "up_blocks.10.attentions.2.proj_in"), 0.5);
  EXPECT_EQ(block_multiplier(blocks, "mid_block.attentions.0.proj_in"), 1);
  EXPECT_EQ(block_multiplier(blocks, "conv_in"), 1);
}

}  // namespace
}  // namespace stylus::generator
