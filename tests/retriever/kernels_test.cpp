#include "retriever/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "support/half.h"

namespace stylus::retriever {
namespace {

TEST(Half, RoundsEveryHalfBackToItself) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if (std::isfinite(value)) {
      ASSERT_EQ(to_half(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToTheNearestEvenNeighbour) {
  EXPECT_EQ(from_half(to_half(1.0F + 0x1p-11F)), 1.0F);
  EXPECT_EQ(from_half(to_half(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(to_half(1e6F), 0x7C00U);
  EXPECT_EQ(from_half(to_half(0x1p-25F)), 0.0F);
}

class EveryKernel : public testing::TestWithParam<const Kernels*> {};

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, testing::ValuesIn(usable_kernels()),
                         [](const auto& tested) { return std::string(tested.param->name); });

TEST_P(EveryKernel, MultipliesRowsLikeDoublesDo) {
  std::mt19937 random(3);
  for (const std::size_t dim : {1U, 7U, 16U, 48U, 100U, 512U}) {
    std::vector<std::uint16_t> rows(4 * dim);
    std::vector<float> queries(kLanes * dim);
    for (auto& half : rows) {
      half = to_half(static_cast<float>(random() % 2000) / 1000.0F - 1.0F);
    }
    for (float& value : queries) {
      value = static_cast<float>(random() % 2000) / 1000.0F - 1.0F;
    }

    float out[4][kLanes];
    GetParam()->dot_half(rows.data(), 4, queries.data(), dim, kLanes, out);

    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        double sum = 0;
        for (std::size_t d = 0; d < dim; ++d) {
          sum += double{from_half(rows[r * dim + d])} * queries[lane * dim + d];
        }
        EXPECT_NEAR(out[r][lane], sum, 1e-4) << "dim " << dim;
        float alone[1][kLanes];
        GetParam()->dot_half(rows.data() + r * dim, 1, queries.data() + lane * dim, dim, 1, alone);
        EXPECT_EQ(alone[0][0], out[r][lane]) << "a row's product depends on its company";
      }
    }
  }
}

TEST_P(EveryKernel, AddsUpCodesExactly) {
  std::mt19937 random(4);
  std::vector<std::uint8_t> codes(50 * kCodeBytes);
  for (auto& byte : codes) {
    byte = static_cast<std::uint8_t>(random());
  }
  codes[0] = 0xFF;
  CodeQueries queries;
  for (auto& lane : queries.values) {
    for (auto& value : lane) {
      value = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
    }
  }
  std::fill_n(queries.values[0], kCodeDim, std::int8_t{127});  // the largest sums
  std::fill_n(queries.values[1], kCodeDim, std::int8_t{-127});
  const std::vector<std::uint32_t> slots = {0, 3, 49, 7};

  std::int32_t out[4][kLanes];
  GetParam()->dot_codes(codes.data(), slots.data(), slots.size(), queries, kLanes, out);

  for (std::size_t i = 0; i < slots.size(); ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::int32_t sum = 0;
      for (std::size_t d = 0; d < kCodeDim; ++d) {
        const std::uint8_t byte = codes[slots[i] * kCodeBytes + d % kCodeBytes];
        sum += (d < kCodeBytes ? byte & 15 : byte >> 4) * queries.values[lane][d];
      }
      EXPECT_EQ(out[i][lane], sum);
    }
  }
}

TEST_P(EveryKernel, MarksTheLanesThatReachTheThreshold) {
  const std::int32_t dots[2][kLanes] = {{1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}};
  const std::vector<float> scales = {9.0F, 0.5F, 2.0F};
  const std::vector<std::uint32_t> slots = {1, 2};
  LaneLines lines;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    lines.offset[lane] = 1;
    lines.slope[lane] = 2;
    lines.base[lane] = 10;
    lines.threshold[lane] = 14;
  }
  lines.threshold[7] = std::numeric_limits<float>::infinity();

  float out[2][kLanes];
  std::uint8_t passed[2];
  GetParam()->estimate(dots, scales.data(), slots.data(), 2, lines, out, passed);

  EXPECT_FLOAT_EQ(out[0][4], 10 + 2 * 0.5F * 4);
  EXPECT_FLOAT_EQ(out[1][0], 10 + 2 * 2.0F * 7);
  EXPECT_EQ(passed[0], 0b01110000);
  EXPECT_EQ(passed[1], 0b01111111);
}

}  // namespace
}  // namespace stylus::retriever
