#include "evaluator/reference_figures.h"

#include <algorithm>
#include <limits>

#include "evaluator/frechet.h"

namespace stylus::evaluator {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kNeighbours = 5;
constexpr std::size_t kKernelSubsets = 100;
constexpr std::size_t kKernelRows = 1000;
constexpr std::size_t kFewestForInfinity = 64;
constexpr std::size_t kInfinityPoints = 15;
constexpr std::size_t kFewestForInterval = 8;  // prompts

std::vector<std::size_t> numbers_of(const std::vector<std::vector<std::size_t>>& by_prompt,
                                    std::span<const std::size_t> prompts) {
  std::vector<std::size_t> numbers;
  for (const std::size_t prompt : prompts) {
    numbers.insert(numbers.end(), by_prompt[prompt].begin(), by_prompt[prompt].end());
  }
  return numbers;
}

/// By draws of at most half of the prompts and some 1,000 pictures, against the same real ones.
Interval kernel_interval(double value, const Rows& all,
                         const std::vector<std::vector<std::size_t>>& by_prompt,
                         std::size_t pictures, RowsView real, std::uint64_t seed) {
  const std::size_t prompts = by_prompt.size();
  const std::size_t some =
      std::clamp<std::size_t>(kKernelRows * prompts / pictures, 2, prompts / 2);
  const RowsView fixed = {real.data, std::min(real.rows, kKernelRows), real.dim};
  return subsample_interval(value, prompts, some, seed, [&](std::span<const std::size_t> drawn) {
    return polynomial_mmd(chosen_rows(all, numbers_of(by_prompt, drawn)).view(), fixed);
  });
}

}  // namespace

Rows chosen_rows(const Rows& all, std::span<const std::size_t> numbers) {
  Rows rows(numbers.size(), all.dim);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::copy_n(all.row(numbers[i]).data(), all.dim, rows.row(i).data());
  }
  return rows;
}

ReferenceFigures reference_figures(const std::string& features, const Rows& all,
                                   const std::vector<std::vector<std::size_t>>& by_prompt,
                                   const Rows& reference, std::uint64_t seed) {
  std::vector<std::size_t> numbers;
  for (const std::vector<std::size_t>& own : by_prompt) {
    numbers.insert(numbers.end(), own.begin(), own.end());
  }
  const Rows rows = chosen_rows(all, numbers);
  const RowsView real = reference.view();
  ReferenceFigures figures;
  figures.features = features;
  figures.pictures = rows.rows;
  figures.reference = reference.rows;
  figures.coverage = neighbour_coverage(real, rows.view(), kNeighbours);
  figures.cmmd = features == "Inception" ? kNone : cmmd(rows.view(), real);
  const FrechetTarget target(real);
  figures.frechet_infinity = rows.rows < kFewestForInfinity
                                 ? kNone
                                 : target.distance_at_infinity(rows.view(), kInfinityPoints, seed);
  const double frechet = target.distance(rows.view());
  const double kernel = kernel_distance(rows.view(), real, kKernelSubsets, kKernelRows, seed).mean;
  const std::size_t prompts = by_prompt.size();
  const std::size_t half = prompts / 2;
  if (prompts < kFewestForInterval || half * rows.rows / prompts < 2) {
    figures.frechet = {frechet, kNone, kNone};
    figures.kernel = {kernel, kNone, kNone};
    return figures;
  }
  figures.frechet =
      subsample_interval(frechet, prompts, half, seed, [&](std::span<const std::size_t> some) {
        return target.distance(chosen_rows(all, numbers_of(by_prompt, some)).view());
      });
  figures.kernel = kernel_interval(kernel, all, by_prompt, rows.rows, real, seed);
  return figures;
}

}  // namespace stylus::evaluator
