#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace stylus {

/// A read-only float32 matrix that somebody else owns: row-major, compact.
///
/// Shapes: rows x dim. Row i is data[i * dim, (i + 1) * dim).
struct RowsView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t dim = 0;

  [[nodiscard]] std::span<const float> row(std::size_t i) const { return {data + i * dim, dim}; }
  [[nodiscard]] bool empty() const { return rows == 0; }
};

/// An owned float32 matrix, row-major: how embeddings travel between rooms.
struct Rows {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::vector<float> values;  ///< rows * dim floats

  Rows() = default;
  Rows(std::size_t row_count, std::size_t width)
      : rows(row_count), dim(width), values(row_count * width) {}

  [[nodiscard]] std::span<float> row(std::size_t i) { return {values.data() + i * dim, dim}; }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return {values.data() + i * dim, dim};
  }
  [[nodiscard]] RowsView view() const { return {values.data(), rows, dim}; }
};

}  // namespace stylus
