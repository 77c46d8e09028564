#include "generator/noise.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/error_code_of.h"
#include "tests/generator/golden_file.h"

namespace stylus::generator {
namespace {

at::Tensor draw(Noise& noise, std::vector<std::int64_t> shape) {
  return noise.draw(shape, at::kCPU, at::kFloat);
}

/// The largest difference, infinite for other shapes.
double distance(const at::Tensor& a, const at::Tensor& b) {
  return a.numel() == b.numel() ? a.flatten().sub(b.flatten()).abs().max().item<double>() : 1e9;
}

TEST(Noise, IsTorchsRandnOfTheSeed) {
  const GoldenFile file("noise.safetensors");
  for (const std::uint64_t seed : nlohmann::json::parse(file.metadata("seeds"))) {
    for (const std::int64_t size : nlohmann::json::parse(file.metadata("sizes"))) {
      Noise noise({seed});
      const std::string name = std::to_string(seed) + "/" + std::to_string(size);
      EXPECT_LE(distance(draw(noise, {size}), file.tensor(name)), 1e-6) << name;
    }
    Noise noise({seed});
    const at::Tensor first = draw(noise, {4, 8, 8}).flatten();
    const at::Tensor both = at::cat({first, draw(noise, {5}).flatten()});
    EXPECT_LE(distance(both, file.tensor(std::to_string(seed) + "/twice")), 1e-6) << seed;
  }
}

TEST(Noise, BeginsAsEverywhere) {
  Noise zero({0});
  Noise forty_two({42});
  Noise small({0});

  EXPECT_NEAR(draw(zero, {4, 8, 8}).flatten()[0].item<double>(), -1.1258, 5e-5);
  EXPECT_NEAR(draw(forty_two, {4, 8, 8}).flatten()[1].item<double>(), 1.4873, 5e-5);
  EXPECT_NEAR(draw(small, {4}).flatten()[3].item<double>(), 0.5684, 5e-5);
}

TEST(Noise, AnImageDependsOnItsSeedOnly) {
  Noise batch({7, 8, 9});
  Noise alone({8});
  for (int turn = 0; turn < 3; ++turn) {
    const at::Tensor three = draw(batch, {4, 5, 3});
    const at::Tensor one = draw(alone, {4, 5, 3});
    EXPECT_EQ(three.sizes(), at::IntArrayRef({3, 4, 5, 3}));
    EXPECT_TRUE(three[1].equal(one[0]));
    EXPECT_FALSE(three[0].equal(three[1]));
  }
}

TEST(Noise, IsTheSameInHalfPrecisionUpToRounding) {
  Noise full({3});
  Noise half({3});
  const at::Tensor expected = draw(full, {64}).to(at::kHalf);

  EXPECT_TRUE(half.draw({64}, at::kCPU, at::kHalf).equal(expected));
}

TEST(Noise, AsksForOneSeedPerImage) {
  Noise noise({1, 2});
  Noise other({1});
  const at::Tensor three = at::cat({draw(noise, {16}), draw(other, {16})});

  EXPECT_EQ(error_code_of([&] { return noise.draw_like(three); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([] { return Noise({}); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::generator
