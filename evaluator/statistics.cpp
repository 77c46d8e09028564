#include "evaluator/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "support/error.h"

namespace stylus::evaluator {

std::vector<std::size_t> resample_rows(std::size_t count, std::uint64_t seed,
                                       std::size_t resample) {
  std::seed_seq words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U),
                      static_cast<std::uint32_t>(resample),
                      static_cast<std::uint32_t>(static_cast<std::uint64_t>(resample) >> 32U)};
  std::mt19937_64 random(words);
  std::vector<std::size_t> rows(count);
  // The library's distributions differ between systems; a product of the high bits does not. Its
  // bias is below count / 2^32.
  for (std::size_t& row : rows) {
    row = static_cast<std::size_t>(((random() >> 32U) * static_cast<std::uint64_t>(count)) >> 32U);
  }
  return rows;
}

double quantile(std::span<const double> sorted, double share) {
  require(!sorted.empty(), ErrorCode::kInvalidArgument, "no values have no quantile");
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(std::floor(place));
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

double mean_of(std::span<const double> values) {
  return values.empty() ? 0.0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) {
    return 0;
  }
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) {
    sum += (value - mean) * (value - mean);
  }
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Interval bootstrap(std::size_t rows, int resamples, std::uint64_t seed,
                   const std::function<double(std::span<const std::size_t>)>& figure) {
  require(resamples >= 100, ErrorCode::kInvalidArgument,
          "an interval needs at least 100 resamples");
  if (rows == 0) {
    return {};
  }
  std::vector<std::size_t> all(rows);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const double value = figure(all);
  if (rows == 1) {
    return {value, value, value};
  }
  std::vector<double> drawn;
  for (int i = 0; i < resamples; ++i) {
    drawn.push_back(figure(resample_rows(rows, seed, static_cast<std::size_t>(i))));
  }
  std::sort(drawn.begin(), drawn.end());
  return {value, quantile(drawn, 0.025), quantile(drawn, 0.975)};
}

Interval bootstrap_mean(std::span<const double> values, int resamples, std::uint64_t seed) {
  return bootstrap(values.size(), resamples, seed, [&](std::span<const std::size_t> rows) {
    double sum = 0;
    for (const std::size_t row : rows) {
      sum += values[row];
    }
    return sum / static_cast<double>(rows.size());
  });
}

Interval subsample_interval(double value, std::size_t units, std::size_t drawn, std::uint64_t seed,
                            const std::function<double(std::span<const std::size_t>)>& figure) {
  constexpr std::size_t kDraws = 20;
  constexpr double kStudent19 = 2.0930240544082634;
  require(drawn >= 1 && 2 * drawn <= units, ErrorCode::kInvalidArgument, "an interval by draws of ",
          drawn, " needs at least twice as many units; there are ", units);
  std::mt19937_64 random(seed);
  std::vector<std::size_t> order(units);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> values;
  for (std::size_t draw = 0; draw < kDraws; ++draw) {
    for (std::size_t i = 0; i < drawn; ++i) {
      std::swap(order[i], order[i + static_cast<std::size_t>(random() % (units - i))]);
    }
    values.push_back(figure(std::span(order).first(drawn)));
  }
  const double half = kStudent19 * deviation_of(values) *
                      std::sqrt(static_cast<double>(drawn) / static_cast<double>(units - drawn));
  return {value, value - half, value + half};
}

Interval wilson(double successes, double count) {
  if (count <= 0) {
    return {};
  }
  constexpr double z = 1.959963984540054;
  const double share = successes / count;
  const double scale = 1 + z * z / count;
  const double centre = (share + z * z / (2 * count)) / scale;
  const double half =
      z / scale * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
  return {share, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double sign_test(std::size_t wins, std::size_t losses) {
  const std::size_t count = wins + losses;
  if (count == 0) {
    return 1;
  }
  const std::size_t least = std::min(wins, losses);
  const auto n = static_cast<double>(count);
  double tail = 0;
  for (std::size_t k = 0; k <= least; ++k) {
    const auto x = static_cast<double>(k);
    tail += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) -
                     n * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

Wins count_wins(std::span<const double> differences, double equal) {
  Wins result;
  for (const double difference : differences) {
    if (std::abs(difference) <= equal) {
      ++result.ties;
    } else if (difference > 0) {
      ++result.wins;
    } else {
      ++result.losses;
    }
  }
  result.rate = wilson(static_cast<double>(result.wins) + static_cast<double>(result.ties) / 2,
                       static_cast<double>(differences.size()));
  result.sign_test_p = sign_test(result.wins, result.losses);
  return result;
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> corrected(p_values.size());
  double highest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    highest = std::max(highest, p_values[order[i]] * static_cast<double>(order.size() - i));
    corrected[order[i]] = std::min(1.0, highest);
  }
  return corrected;
}

}  // namespace stylus::evaluator
