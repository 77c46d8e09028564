#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "support/rows.h"

namespace stylus::evaluator {

/// A matrix of doubles, column by column, as LAPACK wants it: element (i, j) is values[i + j rows].
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}
  [[nodiscard]] double& at(std::size_t i, std::size_t j) { return values[i + j * rows]; }
  [[nodiscard]] double at(std::size_t i, std::size_t j) const { return values[i + j * rows]; }
};

enum class Transposed : bool { kNo, kYes };

/// a b, or aᵀ b, a bᵀ, aᵀ bᵀ. Requires: inner sizes that agree, else Error(kInvalidArgument).
[[nodiscard]] Matrix product(const Matrix& a, Transposed is_a, const Matrix& b, Transposed is_b);

/// aᵀ a, or a aᵀ with kYes; whole, symmetric.
[[nodiscard]] Matrix gram(const Matrix& a, Transposed is_a);

/// Eigenvalues of a symmetric matrix, ascending. Error(kUnavailable) where LAPACK gives up.
[[nodiscard]] std::vector<double> symmetric_eigenvalues(Matrix symmetric);

/// F with Fᵀ F = symmetric: its Cholesky factor, or from its eigenvectors where it is singular.
/// Eigenvalues below zero, which rounding makes, count as zero.
[[nodiscard]] Matrix square_root_factor(const Matrix& symmetric);

/// Sum of the singular values.
[[nodiscard]] double nuclear_norm(const Matrix& a);

/// The rows as doubles, one row a row, each column minus its mean; `means` gets the means.
[[nodiscard]] Matrix centred(RowsView rows, std::vector<double>& means);

}  // namespace stylus::evaluator
