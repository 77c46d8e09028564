#pragma once

#include <Eigen/Core>

#include "weights/safetensors_file.h"

namespace stylus::weights {

/// Factors are decoded to double: halves hold 11 bits, but their products are summed by the
/// hundred thousand.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The tensor as [shape[0], product of the rest].
/// Requires: at least two dimensions and a decodable dtype.
[[nodiscard]] Matrix decode_matrix(const Tensor& tensor);

/// F F^T of a factor F [r, N]. Cost: O(r^2 N) time, O(r^2) memory beyond one panel.
[[nodiscard]] Matrix gram_of_rows(const Tensor& factor);

/// F^T F of a factor F [N, r]; same cost.
[[nodiscard]] Matrix gram_of_columns(const Tensor& factor);

/// Sum of the squares of all elements. Cost: one pass, constant memory.
[[nodiscard]] double sum_of_squares(const Tensor& tensor);

}  // namespace stylus::weights
