#include "encoder/linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace stylus::encoder {
namespace {

/// A packed matrix and rows with seeded random numbers.
struct Problem {
  Problem(std::size_t rows, std::size_t inputs, std::size_t outputs)
      : panels(inputs * outputs), x(rows * inputs), y(rows * outputs) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (float& value : panels) {
      value = normal(random);
    }
    for (float& value : x) {
      value = normal(random);
    }
    matrix = {panels.data(), inputs, outputs};
    for (std::size_t n = 0; n < rows; ++n) {
      pointers.push_back(x.data() + n * inputs);
    }
  }
  [[nodiscard]] float weight(std::size_t i, std::size_t o) const {
    const std::size_t panel = o / kPanelWidth;
    return panels[(panel * matrix.inputs + i) * kPanelWidth + o % kPanelWidth];
  }
  [[nodiscard]] std::vector<float> run(Instructions instructions) {
    multiply_with(instructions, pointers, matrix, y.data(), matrix.outputs);
    return y;
  }

  std::vector<float> panels;
  std::vector<float> x;
  std::vector<float> y;
  std::vector<const float*> pointers;
  PackedMatrix matrix;
};

std::vector<Instructions> instructions_here() {
  std::vector<Instructions> known = {Instructions::kPortable};
  for (const Instructions next : {Instructions::kAvx2, Instructions::kAvx512}) {
    if (best_instructions() >= next) {
      known.push_back(next);
    }
  }
  return known;
}

TEST(Multiply, IsTheMatrixProductForEveryInstructionSet) {
  for (const Instructions instructions : instructions_here()) {
    Problem problem(/*rows=*/29, /*inputs=*/77, /*outputs=*/96);
    const std::vector<float> y = problem.run(instructions);
    for (std::size_t n = 0; n < 29; ++n) {
      for (std::size_t o = 0; o < 96; ++o) {
        double expected = 0.0;
        for (std::size_t i = 0; i < 77; ++i) {
          expected += static_cast<double>(problem.x[n * 77 + i]) *
                      static_cast<double>(problem.weight(i, o));
        }
        ASSERT_NEAR(y[n * 96 + o], expected, 1e-4) << "row " << n << ", column " << o;
      }
    }
  }
}

TEST(Multiply, ARowDoesNotDependOnTheRowsBesideIt) {
  Problem problem(/*rows=*/25, /*inputs=*/1280, /*outputs=*/64);
  for (const Instructions instructions : instructions_here()) {
    const std::vector<float> together = problem.run(instructions);
    for (std::size_t n = 0; n < 25; ++n) {
      std::vector<float> alone(64);
      multiply_with(instructions, std::span(problem.pointers).subspan(n, 1), problem.matrix,
                    alone.data(), 64);
      const std::vector<float> row(together.begin() + static_cast<std::ptrdiff_t>(n * 64),
                                   together.begin() + static_cast<std::ptrdiff_t>(n * 64 + 64));
      ASSERT_EQ(alone, row) << "row " << n;
    }
  }
}

TEST(Multiply, Avx2AndAvx512GiveTheSameBits) {
  if (best_instructions() != Instructions::kAvx512) {
    GTEST_SKIP() << "this machine has no AVX-512";
  }
  Problem problem(/*rows=*/31, /*inputs=*/513, /*outputs=*/128);

  EXPECT_EQ(problem.run(Instructions::kAvx2), problem.run(Instructions::kAvx512));
}

TEST(Multiply, RowsMayOverlapLikeTheWindowsOfAConvolution) {
  Problem problem(/*rows=*/1, /*inputs=*/64, /*outputs=*/32);
  std::vector<float> signal(64 + 3, 0.0F);
  signal[3] = 1.0F;
  std::vector<const float*> windows;
  for (std::size_t n = 0; n < 4; ++n) {
    windows.push_back(signal.data() + n);
  }
  std::vector<float> y(4 * 32);

  multiply(windows, problem.matrix, y.data(), 32);

  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(y[n * 32], problem.weight(3 - n, 0));
  }
}

TEST(Multiply, NoRowsAreFine) {
  Problem problem(/*rows=*/0, /*inputs=*/8, /*outputs=*/32);

  multiply(problem.pointers, problem.matrix, nullptr, 32);
}

}  // namespace
}  // namespace stylus::encoder
