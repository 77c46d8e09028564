#include "evaluator/set_distances.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "evaluator/linear_algebra.h"
#include "support/error.h"

namespace stylus::evaluator {
namespace {

void check_sets(RowsView a, RowsView b, std::size_t least) {
  require(a.dim == b.dim, ErrorCode::kInvalidArgument, "features of ", a.dim, " and of ", b.dim,
          " numbers cannot be compared");
  require(a.rows >= least && b.rows >= least, ErrorCode::kInvalidArgument,
          "this figure needs at least ", least, " rows on each side; there are ", a.rows, " and ",
          b.rows);
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

Matrix plain(RowsView rows) {
  Matrix result(rows.rows, rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.dim; ++j) {
      result.at(i, j) = static_cast<double>(rows.data[i * rows.dim + j]);
    }
  }
  return result;
}

/// Sum of kernel(x · y) over all pairs, without the diagonal for one and the same set.
template <typename Kernel>
double kernel_sum(const Matrix& products, bool without_diagonal, const Kernel& kernel) {
  double sum = 0;
  for (std::size_t j = 0; j < products.columns; ++j) {
    for (std::size_t i = 0; i < products.rows; ++i) {
      sum += without_diagonal && i == j ? 0.0 : kernel(products.at(i, j));
    }
  }
  return sum;
}

/// `count` of `rows` numbers, drawn without replacement.
std::vector<std::size_t> drawn(std::size_t rows, std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + static_cast<std::size_t>(random() % (rows - i))]);
  }
  order.resize(count);
  return order;
}

Rows subset_of(RowsView rows, const std::vector<std::size_t>& numbers) {
  Rows subset(numbers.size(), rows.dim);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::copy_n(rows.row(numbers[i]).data(), rows.dim, subset.row(i).data());
  }
  return subset;
}

/// (x · y / D + 1)³ of every pair.
void apply_kernel(Matrix& products, std::size_t width) {
  for (double& value : products.values) {
    const double base = value / static_cast<double>(width) + 1;
    value = base * base * base;
  }
}

std::vector<double> squared_norms(RowsView rows) {
  std::vector<double> norms;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    norms.push_back(dot(rows.row(i), rows.row(i)));
  }
  return norms;
}

/// Squared distances of all rows of a to all of b.
Matrix squared_distances(RowsView a, RowsView b) {
  Matrix result = product(plain(a), Transposed::kNo, plain(b), Transposed::kYes);
  const std::vector<double> of_a = squared_norms(a);
  const std::vector<double> of_b = squared_norms(b);
  for (std::size_t j = 0; j < b.rows; ++j) {
    for (std::size_t i = 0; i < a.rows; ++i) {
      result.at(i, j) = std::max(0.0, of_a[i] + of_b[j] - 2 * result.at(i, j));
    }
  }
  return result;
}

/// Squared distance of each row to its k-th neighbour in its own set.
std::vector<double> squared_radii(RowsView rows, std::size_t k) {
  const Matrix distances = squared_distances(rows, rows);
  std::vector<double> radii;
  for (std::size_t j = 0; j < rows.rows; ++j) {
    std::vector<double> column(
        distances.values.begin() + static_cast<std::ptrdiff_t>(j * rows.rows),
        distances.values.begin() + static_cast<std::ptrdiff_t>((j + 1) * rows.rows));
    column[j] = 0;  // rounding must not put another row before the row itself
    std::nth_element(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(k), column.end());
    radii.push_back(column[k]);
  }
  return radii;
}

}  // namespace

double polynomial_mmd(RowsView a, RowsView b) {
  check_sets(a, b, 2);
  const auto kernel = [width = static_cast<double>(a.dim)](double product_of_rows) {
    const double base = product_of_rows / width + 1;
    return base * base * base;
  };
  const Matrix x = plain(a);
  const Matrix y = plain(b);
  const auto m = static_cast<double>(a.rows);
  const auto n = static_cast<double>(b.rows);
  const double within_a = kernel_sum(gram(x, Transposed::kYes), true, kernel);
  const double within_b = kernel_sum(gram(y, Transposed::kYes), true, kernel);
  const double between =
      kernel_sum(product(x, Transposed::kNo, y, Transposed::kYes), false, kernel);
  return within_a / (m * (m - 1)) + within_b / (n * (n - 1)) - 2 * between / (m * n);
}

KernelTable::KernelTable(RowsView a, RowsView b) {
  check_sets(a, b, 2);
  require(a.rows + b.rows <= kMostRows, ErrorCode::kInvalidArgument, "a table of kernels holds ",
          kMostRows, " rows, not ", a.rows + b.rows, "; take subsets");
  const Matrix x = plain(a);
  const Matrix y = plain(b);
  within_a_ = gram(x, Transposed::kYes);
  within_b_ = gram(y, Transposed::kYes);
  between_ = product(x, Transposed::kNo, y, Transposed::kYes);
  for (Matrix* products : {&within_a_, &within_b_, &between_}) {
    apply_kernel(*products, a.dim);
  }
}

double KernelTable::distance(std::span<const std::size_t> of_a,
                             std::span<const std::size_t> of_b) const {
  const auto mean = [](const Matrix& kernels, std::span<const std::size_t> rows,
                       std::span<const std::size_t> columns, bool is_within) {
    double sum = 0;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        sum += is_within && i == j ? 0.0 : kernels.at(rows[i], columns[j]);
      }
    }
    const auto count = static_cast<double>(rows.size());
    return sum / (count * (static_cast<double>(columns.size()) - (is_within ? 1 : 0)));
  };
  return mean(within_a_, of_a, of_a, true) + mean(within_b_, of_b, of_b, true) -
         2 * mean(between_, of_a, of_b, false);
}

KernelDistance kernel_distance(RowsView a, RowsView b, std::size_t subsets, std::size_t subset_size,
                               std::uint64_t seed) {
  check_sets(a, b, 2);
  require(subsets > 0 && subset_size >= 2, ErrorCode::kInvalidArgument,
          "a kernel distance needs subsets of at least two rows");
  const std::size_t size = std::min({subset_size, a.rows, b.rows});
  std::mt19937_64 random(seed);
  std::optional<KernelTable> table;
  if (a.rows + b.rows <= KernelTable::kMostRows) {
    table.emplace(a, b);
  }
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < subsets; ++i) {
    const std::vector<std::size_t> of_a = drawn(a.rows, size, random);
    const std::vector<std::size_t> of_b = drawn(b.rows, size, random);
    const double value = table
                             ? table->distance(of_a, of_b)
                             : polynomial_mmd(subset_of(a, of_a).view(), subset_of(b, of_b).view());
    sum += value;
    squares += value * value;
  }
  const auto count = static_cast<double>(subsets);
  const double mean = sum / count;
  return {mean, std::sqrt(std::max(0.0, squares / count - mean * mean))};
}

double cmmd(RowsView a, RowsView b) {
  check_sets(a, b, 1);
  constexpr double kWidth = 10;
  const auto mean_kernel = [](RowsView x, RowsView y) {
    const Matrix distances = squared_distances(x, y);
    double sum = 0;
    for (const double distance : distances.values) {
      sum += std::exp(-distance / (2 * kWidth * kWidth));
    }
    return sum / static_cast<double>(distances.values.size());
  };
  return 1000 * (mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b));
}

Coverage neighbour_coverage(RowsView real, RowsView fake, std::size_t k) {
  check_sets(real, fake, k + 1);
  require(k >= 1, ErrorCode::kInvalidArgument, "neighbours are counted from 1");
  const std::vector<double> real_radii = squared_radii(real, k);
  const std::vector<double> fake_radii = squared_radii(fake, k);
  const Matrix distances = squared_distances(real, fake);
  std::vector<bool> is_covered(real.rows, false);
  std::vector<bool> is_recalled(real.rows, false);
  double precise = 0;
  double balls = 0;
  for (std::size_t j = 0; j < fake.rows; ++j) {
    std::size_t around = 0;
    for (std::size_t i = 0; i < real.rows; ++i) {
      const double distance = distances.at(i, j);
      if (distance < real_radii[i]) {
        ++around;
        is_covered[i] = true;
      }
      is_recalled[i] = is_recalled[i] || distance < fake_radii[j];
    }
    precise += around > 0 ? 1 : 0;
    balls += static_cast<double>(around);
  }
  const auto share = [](const std::vector<bool>& flags) {
    return static_cast<double>(std::count(flags.begin(), flags.end(), true)) /
           static_cast<double>(flags.size());
  };
  const auto fakes = static_cast<double>(fake.rows);
  return {precise / fakes, share(is_recalled), balls / (static_cast<double>(k) * fakes),
          share(is_covered)};
}

double vendi_score(RowsView rows) {
  if (rows.rows == 0) {
    return 0;
  }
  Matrix unit = plain(rows);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const double norm = std::sqrt(dot(rows.row(i), rows.row(i)));
    for (std::size_t j = 0; j < rows.dim; ++j) {
      unit.at(i, j) /= norm > 0 ? norm : 1.0;
    }
  }
  // The smaller of both Gram matrices has all eigenvalues that are not zero.
  const bool few_rows = rows.rows <= rows.dim;
  double entropy = 0;
  for (const double value :
       symmetric_eigenvalues(gram(unit, few_rows ? Transposed::kYes : Transposed::kNo))) {
    const double share = value / static_cast<double>(rows.rows);
    entropy -= share > 1e-15 ? share * std::log(share) : 0.0;
  }
  return std::exp(entropy);
}

double covariance_trace(RowsView rows) {
  if (rows.rows < 2) {
    return 0;
  }
  std::vector<double> means;
  double sum = 0;
  for (const double value : centred(rows, means).values) {
    sum += value * value;
  }
  return sum / static_cast<double>(rows.rows - 1);
}

double mean_pairwise_distance(RowsView rows) {
  if (rows.rows < 2) {
    return 0;
  }
  const std::vector<double> norms = squared_norms(rows);
  double sum = 0;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double scale = std::sqrt(norms[i] * norms[j]);
      sum += 1 - (scale > 0 ? dot(rows.row(i), rows.row(j)) / scale : 0.0);
    }
  }
  const auto count = static_cast<double>(rows.rows);
  return sum / (count * (count - 1) / 2);
}

}  // namespace stylus::evaluator
