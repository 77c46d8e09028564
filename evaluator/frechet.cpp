#include "evaluator/frechet.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "support/error.h"

namespace stylus::evaluator {
namespace {

/// A set's mean, the trace of its covariance S, and F with Fᵀ F = S.
struct Factored {
  std::vector<double> mean;
  double trace = 0;
  Matrix factor;  // [k, D]
};

double trace_of(const Matrix& matrix) {
  double trace = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    trace += matrix.at(i, i);
  }
  return trace;
}

Matrix scaled_rows(RowsView rows, std::vector<double>& mean) {
  require(rows.rows >= 2, ErrorCode::kInvalidArgument,
          "a Fréchet distance needs at least two rows on each side, and one has ", rows.rows);
  Matrix factor = centred(rows, mean);
  const double scale = 1 / std::sqrt(static_cast<double>(rows.rows - 1));
  for (double& value : factor.values) {
    value *= scale;
  }
  return factor;
}

Factored factored(RowsView rows) {
  Factored result;
  result.factor = scaled_rows(rows, result.mean);
  for (const double value : result.factor.values) {
    result.trace += value * value;
  }
  if (rows.rows > rows.dim) {
    result.factor = square_root_factor(gram(result.factor, Transposed::kNo));
  }
  return result;
}

double distance_of(const Factored& a, const Factored& b) {
  require(a.mean.size() == b.mean.size(), ErrorCode::kInvalidArgument, "features of ",
          a.mean.size(), " and of ", b.mean.size(), " numbers have no distance");
  double between = 0;
  for (std::size_t i = 0; i < a.mean.size(); ++i) {
    between += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i]);
  }
  const Matrix cross = product(a.factor, Transposed::kNo, b.factor, Transposed::kYes);
  return between + a.trace + b.trace - 2 * nuclear_norm(cross);
}

}  // namespace

FeatureGaussian gaussian_of(RowsView rows) {
  FeatureGaussian result;
  result.count = rows.rows;
  result.covariance = gram(scaled_rows(rows, result.mean), Transposed::kNo);
  return result;
}

double frechet_distance(const FeatureGaussian& a, const FeatureGaussian& b) {
  return distance_of({a.mean, trace_of(a.covariance), square_root_factor(a.covariance)},
                     {b.mean, trace_of(b.covariance), square_root_factor(b.covariance)});
}

double frechet_distance(RowsView a, RowsView b) { return distance_of(factored(a), factored(b)); }

struct FrechetTarget::Impl {
  Factored set;
};

FrechetTarget::FrechetTarget(RowsView rows)
    : impl_(std::make_shared<const Impl>(Impl{factored(rows)})) {}

double FrechetTarget::distance(RowsView rows) const {
  return distance_of(factored(rows), impl_->set);
}

double FrechetTarget::distance_at_infinity(RowsView a, std::size_t points,
                                           std::uint64_t seed) const {
  require(a.rows >= 16 && points >= 2, ErrorCode::kInvalidArgument,
          "the distance at infinity needs 16 rows and 2 points, not ", a.rows, " and ", points);
  std::mt19937_64 random(seed);
  std::vector<std::size_t> order(a.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (std::size_t point = 0; point < points; ++point) {
    const double share = static_cast<double>(point) / static_cast<double>(points - 1);
    const auto count =
        static_cast<std::size_t>(std::lround(static_cast<double>(a.rows) * (0.25 + 0.75 * share)));
    Rows subset(count, a.dim);
    for (std::size_t i = 0; i < count; ++i) {
      std::swap(order[i], order[i + static_cast<std::size_t>(random() % (a.rows - i))]);
      std::copy_n(a.row(order[i]).data(), a.dim, subset.row(i).data());
    }
    const double x = 1 / static_cast<double>(count);
    const double y = distance(subset.view());
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const auto n = static_cast<double>(points);
  const double slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  return (sum_y - slope * sum_x) / n;
}

}  // namespace stylus::evaluator
