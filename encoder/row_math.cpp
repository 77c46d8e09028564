#include "encoder/row_math.h"

#include <array>
#include <cmath>
#include <cstddef>

namespace stylus::encoder {
namespace {

// Sums in sixteen lanes: the compiler may then use vector registers without reordering anything.
constexpr std::size_t kLanes = 16;

template <typename Term>
float lane_sum(std::span<const float> row, const Term& term) {
  std::array<float, kLanes> lanes{};
  const std::size_t whole = row.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += term(row[i + lane]);
    }
  }
  for (std::size_t i = whole; i < row.size(); ++i) {
    lanes[i - whole] += term(row[i]);
  }
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) {
      lanes[lane] += lanes[lane + width];
    }
  }
  return lanes[0];
}

}  // namespace

void add_bias(std::span<float> row, std::span<const float> bias) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] += bias[i];
  }
}

void rectify(std::span<float> row) {
  for (float& value : row) {
    value = value > 0.0F ? value : 0.0F;
  }
}

void layer_norm(std::span<float> row, std::span<const float> gain, std::span<const float> bias,
                float epsilon) {
  const auto size = static_cast<float>(row.size());
  const float mean = lane_sum(row, [](float x) { return x; }) / size;
  for (float& value : row) {
    value -= mean;
  }
  const float factor = 1.0F / std::sqrt(squared_norm(row) / size + epsilon);
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = row[i] * factor * gain[i] + bias[i];
  }
}

float squared_norm(std::span<const float> row) {
  return lane_sum(row, [](float x) { return x * x; });
}

void scale(std::span<float> row, float factor) {
  for (float& value : row) {
    value *= factor;
  }
}

}  // namespace stylus::encoder
