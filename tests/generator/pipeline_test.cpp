#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "support/error.h"
#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/generator/micro_model.h"

namespace stylus::generator {
namespace {

/// Batches multiply other shapes than single pictures: equal up to rounding, in latents of
/// about 20.
constexpr double kRounding = 2e-3;

class Pipelines : public testing::Test {
 protected:
  Pipelines() : generator_(models_.folder("sd15"), micro_options()) {
    write_micro_adapter(first_, {11, true});
    write_micro_adapter(second_, {12, true});
  }

  [[nodiscard]] at::Tensor latents(const RenderRequest& request) {
    return render_all(generator_, request).front().latents;
  }

  [[nodiscard]] RenderRequest with_adapters(double first, double second,
                                            const std::vector<std::uint64_t>& seeds = {7}) const {
    RenderRequest request = micro_request(seeds);
    for (const auto& [file, weight] : {std::pair(first_, first), std::pair(second_, second)}) {
      if (weight != 0) {
        RequestAdapter adapter;
        adapter.file = file;
        adapter.weight = adapter.text_encoder_weight = weight;
        request.adapters.push_back(adapter);
      }
    }
    return request;
  }

  [[nodiscard]] std::optional<ErrorCode> code(const RenderRequest& request) {
    return error_code_of([&] {
      render_all(generator_, request);
      return 0;
    });
  }

  MicroModels models_;
  TempDir folder_;
  std::filesystem::path first_ = folder_ / "first.safetensors";
  std::filesystem::path second_ = folder_ / "second.safetensors";
  Generator generator_;
};

TEST_F(Pipelines, ARenderRepeatsToTheBit) {
  const RenderRequest request = with_adapters(0.1, 0.1);
  const std::vector<RenderedPicture> once = render_all(generator_, request);
  const std::vector<RenderedPicture> again = render_all(generator_, request);
  EXPECT_TRUE(at::equal(once[0].latents, again[0].latents));
  EXPECT_EQ(once[0].picture.rgb, again[0].picture.rgb);
}

// diffusers' pipelines for SD 1 and 2 correct such configs when they load a model.
TEST_F(Pipelines, AScheduleWithoutTheOffsetOfSdIsRunWithIt) {
  const std::filesystem::path model = folder_ / "old";
  std::filesystem::copy(models_.folder("sd15"), model, std::filesystem::copy_options::recursive);
  const std::filesystem::path config = model / "scheduler" / "scheduler_config.json";
  nlohmann::json json = nlohmann::json::parse(read_file(config, 1 << 20));
  ASSERT_EQ(json.at("steps_offset"), 1);
  json.erase("steps_offset");
  write_file_atomically(config, json.dump());
  Generator old(model, micro_options());
  const RenderRequest request = micro_request();
  EXPECT_TRUE(at::equal(render_all(old, request).front().latents, latents(request)));
}

TEST_F(Pipelines, APictureOfValuesThatAreNoNumbersIsRefused) {
  EXPECT_EQ(code(with_adapters(1e30, 0)), ErrorCode::kUnsupported);
}

TEST_F(Pipelines, APictureOfABatchIsTheSameSeedAlone) {
  for (const char* sampler : {"ddim", "euler_a", "dpmpp_2m_sde", "lcm"}) {
    SCOPED_TRACE(sampler);
    const std::vector<std::uint64_t> seeds = {5, 1, 5, 4'000'000'000};
    RenderRequest batch = with_adapters(0.1, 0, seeds);
    batch.sampler = sampler;
    const std::vector<RenderedPicture> all = render_all(generator_, batch);
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      RenderRequest alone = with_adapters(0.1, 0, {seeds[i]});
      alone.sampler = sampler;
      EXPECT_LE(largest_difference(latents(alone), all[i].latents), kRounding) << i;
    }
    EXPECT_GT(largest_difference(all[0].latents, all[1].latents), 0.1);
  }
}

TEST_F(Pipelines, BatchesOfAnySizeGiveTheSamePictures) {
  RenderRequest request = with_adapters(0.1, 0, {1, 2, 3, 4, 5});
  const std::vector<RenderedPicture> whole = render_all(generator_, request);
  request.batch = 2;
  const std::vector<RenderedPicture> parts = render_all(generator_, request);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LE(largest_difference(whole[i].latents, parts[i].latents), kRounding) << i;
  }
}

TEST_F(Pipelines, MasksInOneBatchAreSeparateRenders) {
  // Those that can only be merged run in a batch of their own; the time embedding is one row that
  // all pictures of a batch share.
  for (const MicroAdapter& second : {MicroAdapter{12}, MicroAdapter{12, true, /*is_dora=*/true},
                                     MicroAdapter{12, true, false, /*has_time_embedding=*/true}}) {
    SCOPED_TRACE(testing::Message() << second.is_dora << second.has_time_embedding);
    second_ = folder_ / (second.is_dora ? "dora" : second.has_time_embedding ? "time" : "plain");
    second_ += ".safetensors";
    write_micro_adapter(second_, second);
    RenderRequest batch = with_adapters(0.1, 0.15, {7, 7, 7, 7});
    const std::vector<std::vector<double>> masks = {{1, 0}, {0, 1}, {1, 1}, {0, 0}};
    for (std::size_t i = 0; i < masks.size(); ++i) {
      batch.images[i].mask = masks[i];
    }
    const std::vector<RenderedPicture> all = render_all(generator_, batch);
    for (std::size_t i = 0; i < masks.size(); ++i) {
      const RenderRequest alone = with_adapters(0.1 * masks[i][0], 0.15 * masks[i][1]);
      EXPECT_LE(largest_difference(latents(alone), all[i].latents), kRounding) << i;
      for (std::size_t other = 0; other < i; ++other) {
        EXPECT_GT(largest_difference(all[i].latents, all[other].latents), 10 * kRounding);
      }
    }
  }
}

TEST_F(Pipelines, CompositeRefusesWhatCanOnlyBeMerged) {
  write_micro_adapter(second_, {12, true, /*is_dora=*/true});
  RenderRequest request = with_adapters(0.1, 0.15);
  request.composition = Composition::kComposite;
  EXPECT_EQ(code(request), ErrorCode::kUnsupported);
}

TEST_F(Pipelines, NothingIsLeftOnTheModel) {
  const at::Tensor bare = latents(micro_request());
  for (const Composition composition :
       {Composition::kSum, Composition::kSwitch, Composition::kComposite}) {
    RenderRequest request = with_adapters(0.4, 0.7);
    request.composition = composition;
    request.adapters[0].window = {0.2, 0.6};
    EXPECT_GT(largest_difference(latents(request), bare), 0.1);
    EXPECT_TRUE(at::equal(latents(micro_request()), bare));
  }
  RenderRequest masked = with_adapters(0.4, 0.7, {1, 2});
  masked.images[1].mask = {0, 1};
  render_all(generator_, masked);
  EXPECT_TRUE(at::equal(latents(micro_request()), bare));
  // And a fresh model agrees.
  Generator fresh(models_.folder("sd15"), micro_options());
  EXPECT_TRUE(at::equal(render_all(fresh, micro_request()).front().latents, bare));
}

TEST_F(Pipelines, OneAdapterIsTheSameInEveryComposition) {
  RenderRequest request = with_adapters(0.1, 0);
  const at::Tensor sum = latents(request);
  for (const Composition composition : {Composition::kSwitch, Composition::kComposite}) {
    request.composition = composition;
    EXPECT_LE(largest_difference(latents(request), sum), kRounding);
    // An adapter that no picture uses takes no turn and no pass.
    RenderRequest idle = with_adapters(0.1, 0.15);
    idle.composition = composition;
    idle.images[0].mask = {1, 0};
    EXPECT_LE(largest_difference(latents(idle), sum), kRounding);
    EXPECT_EQ(generator_.adapter_reports().size(), 2U);
  }
}

TEST_F(Pipelines, TwoAdaptersDifferByComposition) {
  RenderRequest request = with_adapters(0.1, 0.15);
  request.steps = 8;
  request.switch_period = 2;
  const at::Tensor sum = latents(request);
  request.composition = Composition::kSwitch;
  const at::Tensor turns = latents(request);
  request.composition = Composition::kComposite;
  const at::Tensor passes = latents(request);
  EXPECT_GT(largest_difference(sum, turns), 10 * kRounding);
  EXPECT_GT(largest_difference(sum, passes), 10 * kRounding);
  EXPECT_GT(largest_difference(turns, passes), 10 * kRounding);
  // Two copies of one adapter: every pass and every turn is that adapter alone. The text encoders
  // get both in all compositions, so the adapter has no part for them.
  write_micro_adapter(first_, {13, false});
  write_micro_adapter(second_, {13, false});
  Generator generator(models_.folder("sd15"), micro_options());
  RenderRequest alone = with_adapters(0.1, 0);
  const at::Tensor wanted = render_all(generator, alone).front().latents;
  RenderRequest twice = with_adapters(0.1, 0.1);
  twice.switch_period = 2;
  for (const Composition composition : {Composition::kSwitch, Composition::kComposite}) {
    twice.composition = composition;
    EXPECT_LE(largest_difference(render_all(generator, twice).front().latents, wanted), kRounding);
  }
}

TEST_F(Pipelines, AWindowThatNeverOpensIsNoAdapterInTheDenoiser) {
  write_micro_adapter(first_, {14, false});
  Generator generator(models_.folder("sd15"), micro_options());
  const at::Tensor bare = latents(micro_request());
  RenderRequest request = with_adapters(0.3, 0);
  request.adapters[0].window = {0, 0};
  EXPECT_LE(largest_difference(render_all(generator, request).front().latents, bare), kRounding);
  request.adapters[0].window = {0.5, 1};
  EXPECT_GT(largest_difference(render_all(generator, request).front().latents, bare), 0.01);
}

TEST_F(Pipelines, HiresDrawsALargerPictureOfItsOwnSteps) {
  RenderRequest request = micro_request({1, 2});
  request.hires = {2, 0.7, 4};
  std::size_t calls = 0;
  std::size_t total = 0;
  RenderHooks hooks;
  hooks.on_step = [&](const RenderStep& step) {
    ++calls;
    EXPECT_LE(step.done, step.total);
    total = step.total;
  };
  const std::vector<RenderedPicture> pictures = render_all(generator_, request, hooks);
  EXPECT_EQ(pictures[0].picture.width, 48);
  EXPECT_EQ(pictures[0].picture.height, 32);
  EXPECT_EQ(pictures[1].latents.size(3), 24);
  EXPECT_EQ(calls, 5U + 2U);  // int(4 * 0.7) = 2
  EXPECT_EQ(total, 2U * 7U);
  RenderRequest alone = micro_request({2});
  alone.hires = request.hires;
  EXPECT_LE(largest_difference(latents(alone), pictures[1].latents), kRounding);
}

TEST_F(Pipelines, ACancelledRunLeavesTheModelClean) {
  const at::Tensor bare = latents(micro_request());
  RenderRequest request = with_adapters(0.3, 0.3, {1, 2, 3});
  request.batch = 1;
  std::size_t finished = 0;
  RenderHooks hooks;
  hooks.on_step = [](const RenderStep& step) {
    if (step.done == 8) {
      fail(ErrorCode::kCancelled, "stop");
    }
  };
  const auto run = [&] {
    generator_.render(
        request, [&](std::size_t, const RenderedPicture&) { ++finished; }, hooks);
    return 0;
  };
  EXPECT_EQ(error_code_of(run), ErrorCode::kCancelled);
  EXPECT_EQ(finished, 1U);
  EXPECT_TRUE(at::equal(latents(micro_request()), bare));
}

TEST_F(Pipelines, PreviewsComeForEveryPicture) {
  std::set<std::pair<std::size_t, std::int64_t>> seen;
  std::size_t count = 0;
  RenderHooks hooks;
  hooks.preview_every = 2;
  hooks.on_preview = [&](std::size_t image, const Picture& picture) {
    seen.emplace(image, picture.width);
    ++count;
  };
  render_all(generator_, micro_request({1, 2, 3}), hooks);
  EXPECT_EQ(seen, (std::set<std::pair<std::size_t, std::int64_t>>{{0, 24}, {1, 24}, {2, 24}}));
  EXPECT_EQ(count, 3U * 2U);
}

TEST_F(Pipelines, RequestsThatMakeNoSenseAreRefused) {
  const Picture grey(24, 16);
  const auto refused = [this](const std::function<void(RenderRequest&)>& change) {
    RenderRequest request = micro_request();
    change(request);
    return code(request);
  };
  const auto kBad = ErrorCode::kInvalidArgument;
  EXPECT_EQ(refused([](RenderRequest& r) { r.width = 23; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.height = 0; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.height = -16; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.width = 1 << 20; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.width = r.height = 16384; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.images.clear(); }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.steps = 0; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.steps = 1001; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.guidance = std::nan(""); }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.guidance_rescale = 1.5; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.sampler = "no such"; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.layers_dropped = 99; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.batch = -1; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.switch_period = 0; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.hires.scale = 5; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.hires = {2, 0, 0}; }), kBad);
  EXPECT_EQ(refused([&](RenderRequest& r) { r.mask = grey; }), kBad);
  EXPECT_EQ(refused([](RenderRequest& r) { r.images[0].mask = {1}; }), kBad);
  for (const double strength : {0.0, -1.0, 1.5, 0.1}) {  // 0.1 of five steps is none
    EXPECT_EQ(refused([&](RenderRequest& r) {
                r.init = grey;
                r.strength = strength;
              }),
              kBad)
        << strength;
  }
  EXPECT_EQ(refused([&](RenderRequest& r) {
              r.init = grey;
              r.hires.scale = 2;
            }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(
      refused([](RenderRequest& r) { r.adapters.emplace_back().file = "/no/such.safetensors"; }),
      ErrorCode::kNotFound);
  EXPECT_EQ(refused([](RenderRequest& r) { r.textual_inversions = {"/no/such.safetensors"}; }),
            ErrorCode::kNotFound);
  // It works all the same afterwards.
  EXPECT_EQ(code(micro_request()), std::nullopt);
}

TEST_F(Pipelines, AnInpaintingModelWantsAMask) {
  Generator generator(models_.folder("sd15_9"), micro_options());
  const std::string message = error_message_of([&] {
    render_all(generator, micro_request());
    return 0;
  });
  EXPECT_NE(message.find("inpainting"), std::string::npos) << message;
}

TEST_F(Pipelines, DifferentSetsAreNotSwitched) {
  RenderRequest request = with_adapters(0.1, 0.1, {1, 2});
  request.images[1].mask = {0, 1};
  request.composition = Composition::kSwitch;
  EXPECT_EQ(code(request), ErrorCode::kUnsupported);
}

TEST_F(Pipelines, HalfPrecisionDrawsAboutTheSamePicture) {
  GeneratorOptions options = micro_options();
  options.dtype = "bf16";
  Generator half(models_.folder("sd15"), options);
  RenderRequest request = micro_request();
  request.guidance = 1;
  const at::Tensor whole = latents(request);
  const at::Tensor rounded = render_all(half, request).front().latents;
  EXPECT_LT(largest_difference(whole, rounded), 0.2 * whole.abs().max().item<double>());
}

}  // namespace
}  // namespace stylus::generator
