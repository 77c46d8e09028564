#include "evaluator/reference_figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "evaluator/frechet.h"

namespace stylus::evaluator {
namespace {

Rows normal_rows(std::uint64_t seed, std::size_t count, std::size_t width, float shift = 0) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  Rows rows(count, width);
  for (float& value : rows.values) {
    value = normal(random) + shift;
  }
  return rows;
}

std::vector<std::vector<std::size_t>> one_each(std::size_t count) {
  std::vector<std::vector<std::size_t>> prompts;
  for (std::size_t i = 0; i < count; ++i) {
    prompts.push_back({i});
  }
  return prompts;
}

TEST(ReferenceFigures, IntervalsAreAsWideAsFiguresOfFreshPicturesVary) {
  const Rows real = normal_rows(1, 400, 8);
  std::vector<double> frechet;
  std::vector<double> kernel;
  double frechet_width = 0;
  double kernel_width = 0;
  constexpr int kRuns = 30;
  for (int i = 0; i < kRuns; ++i) {
    const Rows fake = normal_rows(100 + static_cast<std::uint64_t>(i), 200, 8, 0.3F);
    const ReferenceFigures figures = reference_figures("CLIP", fake, one_each(200), real, 5);
    frechet.push_back(figures.frechet.value);
    kernel.push_back(figures.kernel.value);
    frechet_width += (figures.frechet.high - figures.frechet.low) / kRuns;
    kernel_width += (figures.kernel.high - figures.kernel.low) / kRuns;
  }
  // Twice Student's t of the draws, times the deviation of fresh sets.
  EXPECT_NEAR(frechet_width / (2 * 2.093 * deviation_of(frechet)), 1, 0.3);
  EXPECT_NEAR(kernel_width / (2 * 2.093 * deviation_of(kernel)), 1, 0.35);
}

TEST(ReferenceFigures, InfinityTakesTheBiasOfFewPicturesAway) {
  const Rows real = normal_rows(1, 4000, 32);
  const Rows fake = normal_rows(2, 200, 32);
  const ReferenceFigures figures = reference_figures("CLIP", fake, one_each(200), real, 5);

  EXPECT_GT(figures.frechet.value, 0.5);  // truly 0
  EXPECT_LT(std::abs(figures.frechet_infinity), figures.frechet.value / 3);
}

TEST(ReferenceFigures, SayNothingOfTooFewPictures) {
  const Rows real = normal_rows(1, 50, 4);
  const Rows fake = normal_rows(2, 7, 4);
  const ReferenceFigures figures = reference_figures("Inception", fake, one_each(7), real, 5);

  EXPECT_TRUE(std::isfinite(figures.frechet.value));
  EXPECT_TRUE(std::isnan(figures.frechet.low));
  EXPECT_TRUE(std::isnan(figures.frechet_infinity));
  EXPECT_TRUE(std::isnan(figures.cmmd));
}

TEST(ReferenceFigures, DrawPromptsWithAllTheirPictures) {
  // Eight pictures of a prompt that are all alike are one picture's worth of news.
  const Rows few = normal_rows(3, 40, 4, 0.5F);
  Rows many(320, 4);
  std::vector<std::vector<std::size_t>> prompts(40);
  for (std::size_t i = 0; i < 320; ++i) {
    std::copy_n(few.row(i / 8).data(), 4, many.row(i).data());
    prompts[i / 8].push_back(i);
  }
  const Rows real = normal_rows(1, 400, 4);
  const auto width = [&](const std::vector<std::vector<std::size_t>>& by_prompt) {
    const ReferenceFigures figures = reference_figures("CLIP", many, by_prompt, real, 5);
    return figures.frechet.high - figures.frechet.low;
  };
  EXPECT_GT(width(prompts), 1.7 * width(one_each(320)));
}

}  // namespace
}  // namespace stylus::evaluator
