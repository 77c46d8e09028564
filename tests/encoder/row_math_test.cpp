#include "encoder/row_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace stylus::encoder {
namespace {

TEST(Gelu, IsExactToAMillionth) {
  std::vector<float> values;
  for (float x = -12.0F; x <= 12.0F; x += 0.003F) {
    values.push_back(x);
  }
  std::vector<float> result = values;

  gelu(result);

  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(values[i]);
    EXPECT_NEAR(result[i], 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))), 2e-6) << "x = " << x;
  }
}

TEST(Softmax, SumsToOneAndKeepsTheRatios) {
  std::vector<float> row = {1.0F, 3.0F, -200.0F, 2.5F};

  softmax(row);

  EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0F), 1.0F, 1e-6F);
  EXPECT_NEAR(row[1] / row[0], std::exp(2.0F), 1e-5F);
  EXPECT_NEAR(row[2], 0.0F, 1e-30F);
}

TEST(LayerNorm, GivesMeanZeroAndVarianceOneBeforeGainAndBias) {
  std::vector<float> row = {1.0F, 2.0F, 3.0F, 4.0F, 100.0F};
  const std::vector<float> gain(5, 2.0F);
  const std::vector<float> bias(5, 1.0F);

  layer_norm(row, gain, bias, /*epsilon=*/1e-12F);

  const float mean = std::accumulate(row.begin(), row.end(), 0.0F) / 5.0F;
  EXPECT_NEAR(mean, 1.0F, 1e-6F);
  EXPECT_NEAR(squared_norm(row) / 5.0F - mean * mean, 4.0F, 1e-5F);
}

}  // namespace
}  // namespace stylus::encoder
