#pragma once

#include <span>
#include <vector>

#include "support/rows.h"

namespace stylus::encoder {

/// Steps of a forward pass that work on one row at a time. All sums are taken in a fixed order, so
/// a row's result depends on the row alone.

/// row += other. Requires: equal sizes.
void add(std::span<float> row, std::span<const float> other);

/// row = max(row, 0).
void rectify(std::span<float> row);

/// row = (row - mean) / sqrt(variance + epsilon) * gain + bias, variance over the population.
void layer_norm(std::span<float> row, std::span<const float> gain, std::span<const float> bias,
                float epsilon);

/// Sum of squares.
[[nodiscard]] float squared_norm(std::span<const float> row);

/// row *= factor.
void scale(std::span<float> row, float factor);

/// row = exp(row) / sum of exp(row). Requires: not empty.
void softmax(std::span<float> row);

/// Each x becomes x times the normal distribution's share below x, to an absolute error of 1e-6.
void gelu(std::span<float> values);

/// Where each row begins, as multiply() wants it.
[[nodiscard]] std::vector<const float*> row_pointers(const Rows& rows);

}  // namespace stylus::encoder
