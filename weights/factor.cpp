#include "weights/factor.h"

#include <algorithm>
#include <array>

namespace stylus::weights {
namespace {

/// Rows or columns that are decoded at a time: large enough for the matrix product to be quick,
/// small enough that a panel stays in the cache.
constexpr Eigen::Index kPanel = 256;

Eigen::Index column_count(const Tensor& tensor) {
  Eigen::Index columns = 1;
  for (std::size_t axis = 1; axis < tensor.shape.size(); ++axis) {
    columns *= tensor.shape[axis];
  }
  return columns;
}

/// Decodes elements [first, first + out.size()).
void decode_elements(const Tensor& tensor, Eigen::Index first, std::span<double> out) {
  const std::size_t width = dtype_bits(tensor.dtype) / 8;
  decode(tensor.bytes.subspan(static_cast<std::size_t>(first) * width, out.size() * width),
         tensor.dtype, out);
}

Matrix mirrored(const Matrix& lower) { return lower.selfadjointView<Eigen::Lower>(); }

}  // namespace

Matrix decode_matrix(const Tensor& tensor) {
  Matrix matrix(tensor.shape[0], column_count(tensor));
  decode_elements(tensor, 0, {matrix.data(), static_cast<std::size_t>(matrix.size())});
  return matrix;
}

Matrix gram_of_rows(const Tensor& factor) {
  const Eigen::Index rank = factor.shape[0];
  const Eigen::Index columns = column_count(factor);
  Matrix gram = Matrix::Zero(rank, rank);
  Matrix panel(rank, std::min(columns, kPanel));
  for (Eigen::Index begin = 0; begin < columns; begin += kPanel) {
    const Eigen::Index count = std::min(kPanel, columns - begin);
    for (Eigen::Index row = 0; row < rank; ++row) {
      decode_elements(factor, row * columns + begin,
                      {panel.row(row).data(), static_cast<std::size_t>(count)});
    }
    gram.selfadjointView<Eigen::Lower>().rankUpdate(panel.leftCols(count));
  }
  return mirrored(gram);
}

Matrix gram_of_columns(const Tensor& factor) {
  const Eigen::Index rows = factor.shape[0];
  const Eigen::Index rank = column_count(factor);
  Matrix gram = Matrix::Zero(rank, rank);
  Matrix panel(std::min(rows, kPanel), rank);
  for (Eigen::Index begin = 0; begin < rows; begin += kPanel) {
    const Eigen::Index count = std::min(kPanel, rows - begin);
    decode_elements(factor, begin * rank, {panel.data(), static_cast<std::size_t>(count * rank)});
    gram.selfadjointView<Eigen::Lower>().rankUpdate(panel.topRows(count).transpose());
  }
  return mirrored(gram);
}

double sum_of_squares(const Tensor& tensor) {
  std::array<double, 4096> block{};
  const auto count = static_cast<Eigen::Index>(tensor.element_count());
  double sum = 0;
  for (Eigen::Index begin = 0; begin < count; begin += static_cast<Eigen::Index>(block.size())) {
    const std::size_t used = std::min(block.size(), static_cast<std::size_t>(count - begin));
    decode_elements(tensor, begin, {block.data(), used});
    sum += Eigen::Map<const Eigen::VectorXd>(block.data(), static_cast<Eigen::Index>(used))
               .squaredNorm();
  }
  return sum;
}

}  // namespace stylus::weights
