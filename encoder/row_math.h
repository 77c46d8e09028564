#pragma once

#include <span>

namespace stylus::encoder {

/// Steps of a forward pass that work on one row at a time. All sums are taken in a fixed order, so
/// a row's result depends on the row alone.

/// row += bias. Requires: equal sizes.
void add_bias(std::span<float> row, std::span<const float> bias);

/// row = max(row, 0).
void rectify(std::span<float> row);

/// row = (row - mean) / sqrt(variance + epsilon) * gain + bias, variance over the population.
void layer_norm(std::span<float> row, std::span<const float> gain, std::span<const float> bias,
                float epsilon);

/// Sum of squares.
[[nodiscard]] float squared_norm(std::span<const float> row);

/// row *= factor.
void scale(std::span<float> row, float factor);

}  // namespace stylus::encoder
