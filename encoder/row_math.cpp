#include "encoder/row_math.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "encoder/linear.h"

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

/// exp(x) for x in [-87, 0] to two units of the last place or so, in a form that compilers turn
/// into vector code: exp(x) = 2^n * exp(r) with r within half a step of ln 2.
[[gnu::always_inline]] inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits, so that n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  const float n = (x * kLog2E + kRound) - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  // Written out: with a loop inside, compilers give up on vector code for the loop around it.
  float series = 1.0F / 5040.0F;
  series = series * r + 1.0F / 720.0F;
  series = series * r + 1.0F / 120.0F;
  series = series * r + 1.0F / 24.0F;
  series = series * r + 1.0F / 6.0F;
  series = series * r + 0.5F;
  series = series * r + 1.0F;
  series = series * r + 1.0F;
  return series * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

constexpr float kSmallestExponent = -87.0F;

/// erf(z) for z >= 0 by formula 7.1.26 of Abramowitz and Stegun, absolute error 1.5e-7.
[[gnu::always_inline]] inline float error_function(float z) {
  const float t = 1.0F / (1.0F + 0.3275911F * z);
  float series = 1.061405429F;
  series = series * t - 1.453152027F;
  series = series * t + 1.421413741F;
  series = series * t - 0.284496736F;
  series = series * t + 0.254829592F;
  const float square = -z * z;
  return 1.0F - series * t * exponential(square > kSmallestExponent ? square : kSmallestExponent);
}

[[gnu::always_inline]] inline void exponentials_below(float* values, std::size_t count,
                                                      float highest) {
  for (std::size_t i = 0; i < count; ++i) {
    const float below = values[i] - highest;
    values[i] = exponential(below > kSmallestExponent ? below : kSmallestExponent);
  }
}

[[gnu::always_inline]] inline void gelu_all(float* values, std::size_t count, float) {
  constexpr float kInverseRootTwo = 0.70710678F;
  for (std::size_t i = 0; i < count; ++i) {
    const float z = values[i] * kInverseRootTwo;
    const float share = std::copysign(error_function(std::abs(z)), z);
    values[i] = 0.5F * values[i] * (1.0F + share);
  }
}

/// The same loops compiled for wider registers. This file is compiled without contraction to fused
/// multiply-adds, so all of them give the same bits.
struct Loop {
  void (*run)(float* values, std::size_t count, float highest);
};
#ifdef __x86_64__
[[gnu::target("avx2")]] void exponentials_avx2(float* values, std::size_t count, float highest) {
  exponentials_below(values, count, highest);
}
[[gnu::target("avx512f")]] void exponentials_avx512(float* values, std::size_t count,
                                                    float highest) {
  exponentials_below(values, count, highest);
}
[[gnu::target("avx2")]] void gelu_avx2(float* values, std::size_t count, float unused) {
  gelu_all(values, count, unused);
}
[[gnu::target("avx512f")]] void gelu_avx512(float* values, std::size_t count, float unused) {
  gelu_all(values, count, unused);
}
#endif

Loop exponentials() {
#ifdef __x86_64__
  switch (best_instructions()) {
    case Instructions::kAvx512:
      return {exponentials_avx512};
    case Instructions::kAvx2:
      return {exponentials_avx2};
    case Instructions::kPortable:
      break;
  }
#endif
  return {[](float* values, std::size_t count, float highest) {
    exponentials_below(values, count, highest);
  }};
}

Loop gelus() {
#ifdef __x86_64__
  switch (best_instructions()) {
    case Instructions::kAvx512:
      return {gelu_avx512};
    case Instructions::kAvx2:
      return {gelu_avx2};
    case Instructions::kPortable:
      break;
  }
#endif
  return {[](float* values, std::size_t count, float unused) { gelu_all(values, count, unused); }};
}

}  // namespace

void add(std::span<float> row, std::span<const float> other) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] += other[i];
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

void softmax(std::span<float> row) {
  float highest = row[0];
  for (const float value : row) {
    highest = value > highest ? value : highest;
  }
  exponentials().run(row.data(), row.size(), highest);
  scale(row, 1.0F / lane_sum(row, [](float x) { return x; }));
}

void gelu(std::span<float> values) { gelus().run(values.data(), values.size(), 0.0F); }

std::vector<const float*> row_pointers(const Rows& rows) {
  std::vector<const float*> pointers(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    pointers[i] = rows.values.data() + i * rows.dim;
  }
  return pointers;
}

void scale(std::span<float> row, float factor) {
  for (float& value : row) {
    value *= factor;
  }
}

}  // namespace stylus::encoder
