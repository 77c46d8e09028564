#include "evaluator/set_distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluator/frechet.h"
#include "support/file.h"
#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

/// The numbers of tests/golden/goldens/evaluator.py: splitmix64, upper 24 bits, in [0, 1).
double number(std::uint64_t seed, std::uint64_t row, std::uint64_t column) {
  std::uint64_t z = (seed << 44U) + (row << 20U) + column;
  z = (z + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  return static_cast<double>(z >> 40U) / 16777216.0;
}

Rows features(std::uint64_t seed, std::size_t count, std::size_t width, double scale,
              double shift) {
  Rows rows(count, width);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < width; ++j) {
      rows.row(i)[j] = static_cast<float>(
          (number(seed, i, j) + 0.7 * number(seed + 100, i, j / 4)) * scale + shift);
    }
  }
  return rows;
}

Rows unit(const Rows& rows) {
  Rows result(rows.rows, rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    double norm = 0;
    for (const float value : rows.row(i)) {
      norm += (static_cast<double>(value) - 0.85) * (static_cast<double>(value) - 0.85);
    }
    for (std::size_t j = 0; j < rows.dim; ++j) {
      result.row(i)[j] =
          static_cast<float>((static_cast<double>(rows.row(i)[j]) - 0.85) / std::sqrt(norm));
    }
  }
  return result;
}

class SetFigures : public testing::Test {
 protected:
  const nlohmann::json golden_ = nlohmann::json::parse(read_file(
      std::filesystem::path(STYLUS_TESTS_DIR) / "golden/evaluator/figures.json", 1 << 20));
  const Rows a_ = features(1, 200, 32, 1.0, 0.0);
  const Rows b_ = features(2, 200, 32, 1.1, 0.05);

  void expect_close(double actual, const char* name, double relative = 1e-6) const {
    const double expected = golden_.at(name).get<double>();
    EXPECT_NEAR(actual, expected, relative * std::abs(expected)) << name;
  }
};

TEST_F(SetFigures, FrechetDistanceEqualsPytorchFid) {
  expect_close(frechet_distance(a_.view(), b_.view()), "fid_200_32");
  expect_close(frechet_distance(gaussian_of(a_.view()), gaussian_of(b_.view())), "fid_200_32");
}

TEST_F(SetFigures, FrechetDistanceOfFewerRowsThanNumbersEqualsPytorchFid) {
  const Rows a = features(1, 500, 2048, 1.0, 0.0);
  const Rows b = features(2, 500, 2048, 1.1, 0.05);
  expect_close(frechet_distance(a.view(), b.view()), "fid_500_2048", 1e-5);
}

TEST_F(SetFigures, KernelDistanceEqualsTorchmetrics) {
  expect_close(polynomial_mmd(a_.view(), b_.view()), "polynomial_mmd_torchmetrics");
}

TEST_F(SetFigures, CmmdEqualsScikitLearnsKernels) {
  expect_close(cmmd(unit(a_).view(), unit(b_).view()), "cmmd", 1e-5);
}

TEST_F(SetFigures, PrecisionRecallDensityCoverageEqualPrdc) {
  const Coverage found = neighbour_coverage(a_.view(), b_.view(), 5);
  EXPECT_NEAR(found.precision, golden_["prdc"]["precision"], 1e-9);
  EXPECT_NEAR(found.recall, golden_["prdc"]["recall"], 1e-9);
  EXPECT_NEAR(found.density, golden_["prdc"]["density"], 1e-9);
  EXPECT_NEAR(found.coverage, golden_["prdc"]["coverage"], 1e-9);
}

TEST_F(SetFigures, DiversityEqualsNumpy) {
  expect_close(vendi_score(unit(a_).view()), "vendi");
  expect_close(covariance_trace(a_.view()), "covariance_trace");
  expect_close(mean_pairwise_distance(unit(a_).view()), "mean_pairwise_distance");
}

TEST(FrechetDistance, ClosedForms) {
  const Rows rows = features(3, 300, 24, 1, 0);
  Rows shifted = rows;
  for (float& value : shifted.values) {
    value += 0.5F;
  }
  EXPECT_NEAR(frechet_distance(rows.view(), rows.view()), 0, 1e-6);
  EXPECT_NEAR(frechet_distance(rows.view(), shifted.view()), 24 * 0.25, 1e-4);

  // One dimension: (m1 - m2)² + (s1 - s2)².
  Rows narrow(3, 1);
  narrow.values = {0, 1, 2};  // mean 1, deviation 1
  Rows wide(3, 1);
  wide.values = {1, 4, 7};  // mean 4, deviation 3
  EXPECT_NEAR(frechet_distance(narrow.view(), wide.view()), 9 + 4, 1e-9);
}

TEST(FrechetDistance, AColumnThatNeverChangesDoesNoHarm) {
  Rows a = features(3, 100, 8, 1, 0);
  Rows b = features(4, 100, 8, 1, 0);
  for (std::size_t i = 0; i < 100; ++i) {
    a.row(i)[3] = b.row(i)[3] = 0.25F;
  }
  Rows a_without(100, 7);
  Rows b_without(100, 7);
  for (std::size_t i = 0; i < 100; ++i) {
    for (std::size_t j = 0; j < 7; ++j) {
      a_without.row(i)[j] = a.row(i)[j < 3 ? j : j + 1];
      b_without.row(i)[j] = b.row(i)[j < 3 ? j : j + 1];
    }
  }
  EXPECT_NEAR(frechet_distance(a.view(), b.view()),
              frechet_distance(a_without.view(), b_without.view()), 1e-6);
}

TEST(FrechetDistance, IsBiasedByOneOverTheNumberAndTheLineTakesItOff) {
  const auto distance_of = [](std::size_t count) {
    return frechet_distance(features(5, count, 32, 1, 0).view(),
                            features(6, count, 32, 1, 0).view());
  };
  // The same distribution twice: twice the rows, half the distance.
  EXPECT_NEAR(distance_of(1000) / distance_of(2000), 2, 0.2);
  const Rows a = features(5, 2000, 32, 1, 0);
  const Rows b = features(6, 20000, 32, 1, 0);
  EXPECT_LT(std::abs(FrechetTarget(b.view()).distance_at_infinity(a.view(), 15, 1)),
            0.3 * frechet_distance(a.view(), b.view()));
}

TEST(KernelTable, GivesWhatTheRowsGive) {
  const Rows a = features(1, 60, 16, 1.0, 0.0);
  const Rows b = features(2, 40, 16, 1.1, 0.05);
  const std::vector<std::size_t> of_a = {59, 3, 17, 20};
  const std::vector<std::size_t> of_b = {0, 39, 7};
  const auto chosen = [](const Rows& all, const std::vector<std::size_t>& numbers) {
    Rows rows(numbers.size(), all.dim);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::copy_n(all.row(numbers[i]).data(), all.dim, rows.row(i).data());
    }
    return rows;
  };

  EXPECT_NEAR(KernelTable(a.view(), b.view()).distance(of_a, of_b),
              polynomial_mmd(chosen(a, of_a).view(), chosen(b, of_b).view()), 1e-9);
}

TEST(KernelDistance, SubsetsAgreeWithTheWhole) {
  const Rows a = features(1, 300, 16, 1, 0);
  const Rows b = features(2, 300, 16, 1.2, 0.1);
  const KernelDistance found = kernel_distance(a.view(), b.view(), 40, 100, 1);

  EXPECT_NEAR(found.mean, polynomial_mmd(a.view(), b.view()),
              3 * found.deviation / std::sqrt(40.0));
  EXPECT_EQ(found.mean, kernel_distance(a.view(), b.view(), 40, 100, 1).mean);
}

TEST(NeighbourCoverage, TheSameSetCoversItselfAndAFarOneNothing) {
  const Rows a = features(1, 60, 8, 1, 0);
  const Coverage same = neighbour_coverage(a.view(), a.view());
  EXPECT_EQ(same.precision, 1);
  EXPECT_EQ(same.coverage, 1);
  const Coverage far = neighbour_coverage(a.view(), features(2, 60, 8, 1, 100).view());
  EXPECT_EQ(far.precision, 0);
  EXPECT_EQ(far.recall, 0);
}

TEST(VendiScore, CountsDifferentRows) {
  Rows rows(4, 3);
  rows.values = {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0};
  EXPECT_NEAR(vendi_score(rows.view()), 2, 1e-9);
}

TEST(SetDistances, RefuseSetsThatCannotBeCompared) {
  const Rows narrow = features(1, 10, 4, 1, 0);
  const Rows wide = features(1, 10, 5, 1, 0);
  const Rows one = features(1, 1, 4, 1, 0);
  EXPECT_EQ(error_code_of([&] { return frechet_distance(narrow.view(), wide.view()); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return frechet_distance(narrow.view(), one.view()); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return neighbour_coverage(narrow.view(), one.view()); }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::evaluator
