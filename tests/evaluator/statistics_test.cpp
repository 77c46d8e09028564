#include "evaluator/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

TEST(Bootstrap, TheIntervalHoldsTheTrueMeanAboutNineteenTimesInTwenty) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(3, 2);
  int held = 0;
  constexpr int kRuns = 400;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> values(60);
    for (double& value : values) {
      value = normal(random);
    }
    const Interval interval = bootstrap_mean(values, 500, static_cast<std::uint64_t>(run));
    held += interval.low <= 3 && 3 <= interval.high ? 1 : 0;
  }
  EXPECT_GE(held, kRuns * 0.91);
  EXPECT_LE(held, kRuns * 0.98);
}

TEST(Bootstrap, TheSameSeedGivesTheSameInterval) {
  const std::vector<double> values = {1.1, 4.2, 2.3, 8.4, 5.5, 2.6, 7.7, 0.3};

  const Interval first = bootstrap_mean(values, 1000, 7);
  const Interval again = bootstrap_mean(values, 1000, 7);
  const Interval other = bootstrap_mean(values, 1000, 8);

  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_NEAR(first.value, 4.0125, 1e-12);
  EXPECT_NE(std::pair(first.low, first.high), std::pair(other.low, other.high));
}

TEST(Bootstrap, OneValueHasNoWidthAndNoneIsZero) {
  EXPECT_EQ(bootstrap_mean(std::vector<double>{5}, 100, 1).high, 5);
  EXPECT_EQ(bootstrap_mean({}, 100, 1).value, 0);
}

TEST(Wilson, KnownValues) {
  // statsmodels.stats.proportion.proportion_confint(7, 10, method="wilson")
  const Interval seven = wilson(7, 10);
  EXPECT_NEAR(seven.low, 0.3967781, 1e-6);
  EXPECT_NEAR(seven.high, 0.8922087, 1e-6);
  EXPECT_GT(wilson(10, 10).low, 0.7);
  EXPECT_NEAR(wilson(10, 10).high, 1, 1e-12);
}

TEST(SignTest, KnownValues) {
  // scipy.stats.binomtest(k, n).pvalue
  EXPECT_NEAR(sign_test(8, 0), 0.0078125, 1e-12);
  EXPECT_NEAR(sign_test(60, 40), 0.05688793364098079, 1e-9);
  EXPECT_EQ(sign_test(5, 5), 1);
  EXPECT_EQ(sign_test(0, 0), 1);
}

TEST(CountWins, TiesCountHalf) {
  const Wins wins = count_wins(std::vector<double>{0.5, 0, -0.5, 2});

  EXPECT_EQ(wins.wins, 2U);
  EXPECT_EQ(wins.ties, 1U);
  EXPECT_EQ(wins.losses, 1U);
  EXPECT_DOUBLE_EQ(wins.rate.value, 2.5 / 4);
}

TEST(Holm, CorrectsInOrderAndNeverFalls) {
  // statsmodels.stats.multitest.multipletests([.01, .04, .03, .5], method="holm")
  const std::vector<double> corrected = holm({0.01, 0.04, 0.03, 0.5});

  EXPECT_NEAR(corrected[0], 0.04, 1e-12);
  EXPECT_NEAR(corrected[1], 0.09, 1e-12);
  EXPECT_NEAR(corrected[2], 0.09, 1e-12);
  EXPECT_NEAR(corrected[3], 0.5, 1e-12);
}

TEST(Quantile, IsLinearBetweenNeighbours) {
  const std::vector<double> sorted = {0, 10, 20};

  EXPECT_DOUBLE_EQ(quantile(sorted, 0.25), 5);
  EXPECT_DOUBLE_EQ(quantile(sorted, 1), 20);
  EXPECT_EQ(error_code_of([] { return quantile({}, 0.5); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::evaluator
