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
  const auto of_prompts = [&](const auto& figure) {
    return [&](std::span<const std::size_t> some) {
      const Rows drawn = chosen_rows(all, numbers_of(by_prompt, some));
      return figure(drawn.view());
    };
  };
  const auto frechet_of = [&](RowsView some) { return target.distance(some); };
  const auto kernel_of = [&](RowsView some) {
    return kernel_distance(some, real, 1, kKernelRows, seed).mean;
  };
  figures.frechet = subsample_interval(frechet, prompts, half, seed, of_prompts(frechet_of));
  const std::size_t few =
      std::clamp<std::size_t>(kKernelRows * prompts / rows.rows, 2, std::max<std::size_t>(half, 2));
  figures.kernel = subsample_interval(kernel, prompts, few, seed, of_prompts(kernel_of));
  return figures;
}

}  // namespace stylus::evaluator
