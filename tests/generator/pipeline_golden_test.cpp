#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/generator/golden_file.h"
#include "tests/generator/micro_model.h"

namespace stylus::generator {
namespace {

constexpr double kLeastPsnr = 50;

Picture picture_from(const at::Tensor& pixels) {
  Picture picture(pixels.size(1), pixels.size(0));
  const auto* data = pixels.const_data_ptr<std::uint8_t>();
  picture.rgb.assign(data, data + pixels.numel());
  return picture;
}

/// Peak signal to noise over the pixels that `counts` says; 100 where all are equal.
double psnr(const Picture& actual, const at::Tensor& expected,
            const std::function<bool(std::int64_t x, std::int64_t y)>& counts) {
  const Picture wanted = picture_from(expected);
  EXPECT_EQ(actual.width, wanted.width);
  EXPECT_EQ(actual.height, wanted.height);
  double sum = 0;
  double count = 0;
  for (std::int64_t y = 0; y < wanted.height; ++y) {
    for (std::int64_t x = 0; x < wanted.width; ++x) {
      for (int c = 0; counts(x, y) && c < 3; ++c) {
        const double off = actual.pixel(x, y)[c] - wanted.pixel(x, y)[c];
        sum += off * off;
        count += 1;
      }
    }
  }
  EXPECT_GT(count, 0);
  return sum == 0 ? 100 : 10 * std::log10(255 * 255 * count / sum);
}

/// Whether the mask is white in the pixel and all around it: our pipelines blend the border of the
/// mask and put the original back outside, diffusers' latents decode to something near it.
bool is_inside(const Picture& mask, std::int64_t x, std::int64_t y) {
  for (std::int64_t dy = -2; dy <= 2; ++dy) {
    for (std::int64_t dx = -2; dx <= 2; ++dx) {
      const bool outside =
          x + dx < 0 || y + dy < 0 || x + dx >= mask.width || y + dy >= mask.height;
      if (!outside && *mask.pixel(x + dx, y + dy) < 128) {
        return false;
      }
    }
  }
  return true;
}

RenderRequest request_of(const nlohmann::json& settings, const GoldenFile& golden) {
  RenderRequest request = micro_request(settings.at("seeds").get<std::vector<std::uint64_t>>());
  request.prompt = golden.metadata("prompt");
  request.negative_prompt.reset();
  if (settings.at("negative").is_string()) {
    request.negative_prompt = settings.at("negative").get<std::string>();
  }
  request.steps = settings.at("steps");
  request.guidance = settings.at("guidance");
  request.guidance_rescale = settings.at("rescale");
  request.sampler = settings.at("sampler");
  request.strength = settings.at("strength");
  if (settings.at("init").get<bool>()) {
    request.init = picture_from(golden.tensor("in.init"));
  }
  if (settings.at("mask").get<bool>()) {
    request.mask = picture_from(golden.tensor("in.mask"));
  }
  if (const double weight = settings.at("lora"); weight != 0) {
    RequestAdapter adapter;
    adapter.file = MicroModels::goldens() / "lora.safetensors";
    adapter.weight = adapter.text_encoder_weight = weight;
    request.adapters.push_back(std::move(adapter));
  }
  return request;
}

TEST(PipelineGoldens, LatentsAndPicturesAreThoseOfDiffusers) {
  const GoldenFile golden("pipelines/cases.safetensors");
  const MicroModels models;
  const double tolerance = std::stod(golden.metadata("atol"));
  for (const nlohmann::json& settings : nlohmann::json::parse(golden.metadata("cases"))) {
    const std::string name = settings.at("name");
    SCOPED_TRACE(name);
    GeneratorOptions options = micro_options();
    options.prediction = settings.at("prediction");
    Generator generator(models.folder(settings.at("model")), options);
    const RenderRequest request = request_of(settings, golden);
    const std::vector<RenderedPicture> pictures = render_all(generator, request);
    const at::Tensor latents = golden.tensor(name + ".latents");
    const at::Tensor pixels = golden.tensor(name + ".pixels");
    ASSERT_EQ(latents.size(0), static_cast<std::int64_t>(pictures.size()));
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const double off = largest_difference(pictures[i].latents, latents.narrow(0, row, 1));
      EXPECT_LE(off, tolerance) << "latents of picture " << i;
      const auto counts = [&request](std::int64_t x, std::int64_t y) {
        return !request.mask || is_inside(*request.mask, x, y);
      };
      EXPECT_GE(psnr(pictures[i].picture, pixels[row], counts), kLeastPsnr) << "picture " << i;
    }
  }
}

TEST(PipelineGoldens, InpaintingKeepsEveryPixelOutsideTheMask) {
  const GoldenFile golden("pipelines/cases.safetensors");
  const MicroModels models;
  for (const nlohmann::json& settings : nlohmann::json::parse(golden.metadata("cases"))) {
    const RenderRequest request = request_of(settings, golden);
    if (!request.mask) {
      continue;
    }
    SCOPED_TRACE(settings.at("name").get<std::string>());
    Generator generator(models.folder(settings.at("model")), micro_options());
    for (const RenderedPicture& rendered : render_all(generator, request)) {
      std::size_t changed = 0;
      for (std::size_t i = 0; i < request.init->rgb.size(); ++i) {
        const bool differs = rendered.picture.rgb[i] != request.init->rgb[i];
        EXPECT_FALSE(differs && request.mask->rgb[i] < 128) << "byte " << i;
        changed += differs ? 1 : 0;
      }
      EXPECT_GT(changed, 100U) << "nothing was painted";
    }
  }
}

}  // namespace
}  // namespace stylus::generator
