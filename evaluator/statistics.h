#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace stylus::evaluator {

/// A figure with its interval.
struct Interval {
  double value = 0;
  double low = 0, high = 0;  ///< The middle 95 %.
};

/// Which rows a resample draws: `count` indices below `count`, with replacement.
/// Ensures: the same (count, seed, resample) -> the same indices, on every machine.
[[nodiscard]] std::vector<std::size_t> resample_rows(std::size_t count, std::uint64_t seed,
                                                     std::size_t resample);

/// The mean of `values` and its percentile bootstrap interval. One value a prompt: prompts are what
/// is drawn, not pictures (generation-and-evaluation 15.7). For a paired comparison give the
/// differences.
/// Requires: resamples >= 100. No values: all zeros; one: no width.
[[nodiscard]] Interval bootstrap_mean(std::span<const double> values, int resamples,
                                      std::uint64_t seed);

/// The same for any figure of a set of rows; `figure` gets the drawn rows (of the whole set first).
[[nodiscard]] Interval bootstrap(std::size_t rows, int resamples, std::uint64_t seed,
                                 const std::function<double(std::span<const std::size_t>)>& figure);

/// The interval of a figure that has no mean form (a distance of sets), from 20 draws of `drawn` of
/// its `units` without replacement; `figure` gets the numbers drawn.
///
///   value ± t · s · sqrt(drawn / (units - drawn)),  s: deviation of the draws, t: Student's, 19
/// Draws with replacement would hold the same rows twice and push a distance upwards; the bias of
/// smaller sets moves the middle of the draws, which is not used, and not s.
/// Requires: 1 <= drawn <= units / 2, else Error(kInvalidArgument). Units should be what was drawn
///           independently: prompts.
/// Source: delete-d jackknife; generation-and-evaluation 15.7.
[[nodiscard]] Interval subsample_interval(
    double value, std::size_t units, std::size_t drawn, std::uint64_t seed,
    const std::function<double(std::span<const std::size_t>)>& figure);

/// A share of `count` with Wilson's interval (z = 1.96). Requires: count > 0, else all zeros.
[[nodiscard]] Interval wilson(double successes, double count);

/// How often the first of each pair is larger.
struct Wins {
  std::size_t wins = 0, ties = 0, losses = 0;
  Interval rate;           ///< (wins + ties / 2) / all, Wilson.
  double sign_test_p = 1;  ///< Two-sided, ties left out.
};

/// differences: first minus second, one a prompt; `equal` and less apart counts as a tie.
[[nodiscard]] Wins count_wins(std::span<const double> differences, double equal = 1e-6);

/// Two-sided binomial test of equal chances. Exact.
[[nodiscard]] double sign_test(std::size_t wins, std::size_t losses);

/// Holm's correction: p-values that hold together, in the order given.
[[nodiscard]] std::vector<double> holm(const std::vector<double>& p_values);

/// The given share (0 to 1) of sorted values, linear between neighbours (numpy's default).
/// Requires: at least one value.
[[nodiscard]] double quantile(std::span<const double> sorted, double share);

[[nodiscard]] double mean_of(std::span<const double> values);       ///< 0 of none.
[[nodiscard]] double deviation_of(std::span<const double> values);  ///< n - 1; 0 of fewer than two.

}  // namespace stylus::evaluator
