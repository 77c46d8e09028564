#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "evaluator/linear_algebra.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// Kernel distance: unbiased squared maximum mean discrepancy with the kernel (x·y / D + 1)³, over
/// random subsets drawn without replacement. Of Inception features this is KID.
struct KernelDistance {
  double mean = 0;       ///< May be below zero: the estimate is unbiased.
  double deviation = 0;  ///< Over the subsets.
};

/// Requires: at least two rows on each side and equal widths, else Error(kInvalidArgument).
/// subset_size is cut to the smaller set.
/// Source: generation-and-evaluation 15.5; torchmetrics' KernelInceptionDistance.
[[nodiscard]] KernelDistance kernel_distance(RowsView a, RowsView b, std::size_t subsets,
                                             std::size_t subset_size, std::uint64_t seed);

/// The same for the whole sets, once.
[[nodiscard]] double polynomial_mmd(RowsView a, RowsView b);

/// The same for many subsets of two sets: the kernel of every pair is computed once, so that a
/// subset costs additions only.
/// Memory: 8 (m + n)² bytes for m and n rows.
class KernelTable {
 public:
  static constexpr std::size_t kMostRows = 6000;  ///< Of both sets together, for 300 MB.

  /// Requires: equal widths, at most kMostRows rows, else Error(kInvalidArgument).
  KernelTable(RowsView a, RowsView b);

  /// polynomial_mmd of the rows with these numbers. Requires: at least two of each.
  [[nodiscard]] double distance(std::span<const std::size_t> of_a,
                                std::span<const std::size_t> of_b) const;

 private:
  Matrix within_a_, within_b_, between_;
};

/// CMMD: 1000 times the biased squared maximum mean discrepancy of unit rows with a Gaussian kernel
/// of width 10. Requires: rows on both sides, equal widths.
/// Source: Jayasumana et al.; generation-and-evaluation 15.5.
[[nodiscard]] double cmmd(RowsView a, RowsView b);

/// How two sets cover each other, by balls around rows that reach to their k-th neighbour.
struct Coverage {
  double precision = 0;  ///< Share of fakes inside any real ball.
  double recall = 0;     ///< Share of reals inside any fake ball.
  double density = 0;    ///< Real balls around a fake, mean, divided by k.
  double coverage = 0;   ///< Share of real balls that hold a fake.
};

/// The k-th neighbour is the entry number k of the sorted distances, the row itself being number 0.
/// Requires: more than k rows on each side, equal widths, else Error(kInvalidArgument).
/// Source: Naeem et al. and their code "prdc"; generation-and-evaluation 15.5.
[[nodiscard]] Coverage neighbour_coverage(RowsView real, RowsView fake, std::size_t k = 5);

/// Vendi score: exp of the entropy of the eigenvalues of the cosine kernel over n. From 1 (all
/// alike) to n (all orthogonal); compare sets of equal n only.
/// Source: Friedman and Dieng; generation-and-evaluation 15.5.
[[nodiscard]] double vendi_score(RowsView rows);

/// Trace of the covariance of the rows: what "dFID" is taken to mean (15.6). 0 of fewer than two.
[[nodiscard]] double covariance_trace(RowsView rows);

/// Mean of 1 - cosine over all pairs; 0 of fewer than two rows.
[[nodiscard]] double mean_pairwise_distance(RowsView rows);

}  // namespace stylus::evaluator
