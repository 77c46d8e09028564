#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "evaluator/linear_algebra.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// Mean and covariance of a set of feature rows.
struct FeatureGaussian {
  std::size_t count = 0;
  std::vector<double> mean;  ///< [D]
  Matrix covariance;         ///< [D, D], divided by count - 1.
};

/// Requires: at least two rows, else Error(kInvalidArgument).
[[nodiscard]] FeatureGaussian gaussian_of(RowsView rows);

/// Fréchet distance of two Gaussians: |m1 - m2|² + tr(S1) + tr(S2) - 2 tr((S1 S2)^½).
///
/// The last trace is the sum of the singular values of F1 F2ᵀ with S = Fᵀ F, so no matrix root is
/// taken and nothing becomes complex. Of Inception features this is FID, of others it must be
/// named after them.
/// Requires: equal widths, else Error(kInvalidArgument).
/// Cost:     two Cholesky factors and the eigenvalues of one symmetric D x D matrix.
/// Source:   generation-and-evaluation 15.3.
[[nodiscard]] double frechet_distance(const FeatureGaussian& a, const FeatureGaussian& b);

/// The same from the rows, which is cheaper for fewer rows than D: their centred rows are factors.
[[nodiscard]] double frechet_distance(RowsView a, RowsView b);

/// A set that many others are measured against: its covariance is factored once.
/// Thread safety: immutable; copies share what they hold.
class FrechetTarget {
 public:
  /// Requires: at least two rows, else Error(kInvalidArgument). The rows are not kept.
  explicit FrechetTarget(RowsView rows);

  /// frechet_distance to the target's rows.
  [[nodiscard]] double distance(RowsView rows) const;

  /// The distance that a straight line over 1 / n predicts for endlessly many rows: fitted to
  /// `points` sizes from a quarter of the rows to all, random subsets without replacement.
  /// Source: Chong and Forsyth's FID-infinity, generation-and-evaluation 15.4.
  /// Requires: at least 16 rows, 2 points, else Error(kInvalidArgument).
  [[nodiscard]] double distance_at_infinity(RowsView rows, std::size_t points,
                                            std::uint64_t seed) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace stylus::evaluator
