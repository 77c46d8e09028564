#include "generator/sampling/tables.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace stylus::generator::sampling {
namespace {

/// Nichol and Dhariwal's cosine schedule, cut at 0.999.
std::vector<float> squared_cosine_betas(std::int64_t count) {
  const auto alpha_bar = [](double t) {
    const double c = std::cos((t + 0.008) / 1.008 * std::numbers::pi / 2.0);
    return c * c;
  };
  std::vector<float> betas;
  const auto total = static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / total;
    const double next = static_cast<double>(i + 1) / total;
    betas.push_back(static_cast<float>(std::min(1.0 - alpha_bar(next) / alpha_bar(t), 0.999)));
  }
  return betas;
}

at::Tensor betas_of(const SamplerOptions& options) {
  const at::TensorOptions fp32 = at::TensorOptions().dtype(at::kFloat);
  if (!options.trained_betas.empty()) {
    const std::vector<float> values(options.trained_betas.begin(), options.trained_betas.end());
    return at::tensor(values, fp32);
  }
  switch (options.beta_schedule) {
    case BetaSchedule::kLinear:
      return at::linspace(options.beta_start, options.beta_end, options.train_steps, fp32);
    case BetaSchedule::kScaledLinear:
      return at::linspace(std::sqrt(options.beta_start), std::sqrt(options.beta_end),
                          options.train_steps, fp32)
          .pow(2);
    case BetaSchedule::kSquaredCosine:
      break;
  }
  return at::tensor(squared_cosine_betas(options.train_steps), fp32);
}

/// Betas whose alpha_bar ends at 0 and begins where it did.
/// Source: Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1
at::Tensor rescaled_to_zero_snr(const at::Tensor& betas) {
  at::Tensor root = at::cumprod(betas.neg().add(1.0), 0).sqrt();
  const float first = root[0].item<float>();
  const float last = root[-1].item<float>();
  root = root.sub(static_cast<double>(last)).mul(static_cast<double>(first / (first - last)));
  const at::Tensor bars = root.pow(2);
  at::Tensor alphas = bars.clone();
  alphas.slice(0, 1).copy_(bars.slice(0, 1).div(bars.slice(0, 0, -1)));
  return alphas.neg().add(1.0);
}

double round_half_even(double x) { return std::nearbyint(x); }

}  // namespace

std::vector<float> alpha_bars(const SamplerOptions& options) {
  at::Tensor betas = betas_of(options);
  if (options.zero_terminal_snr) {
    betas = rescaled_to_zero_snr(betas);
  }
  const at::Tensor bars = at::cumprod(betas.neg().add(1.0), 0).contiguous();
  const float* values = bars.const_data_ptr<float>();
  return {values, values + bars.numel()};
}

std::vector<float> sigma_table(const std::vector<float>& alpha_bars) {
  std::vector<float> sigmas;
  sigmas.reserve(alpha_bars.size());
  for (const float a : alpha_bars) {
    sigmas.push_back(std::sqrt((1.0F - a) / a));
  }
  return sigmas;
}

std::vector<double> spaced_timesteps(const SamplerOptions& options, const SpacingRule& rule) {
  const std::int64_t n = options.steps;
  std::vector<double> steps;
  steps.reserve(static_cast<std::size_t>(n));
  if (options.spacing == Spacing::kTrailing) {
    // numpy.arange(last, 0, -T / n), with its rounding. It can have one value too many, with which
    // diffusers ends at step -1; here it is left out.
    const double ratio = static_cast<double>(options.train_steps) / static_cast<double>(n);
    const auto last = static_cast<double>(rule.last);
    const double stride = (last - ratio) - last;
    for (std::int64_t i = 0; i < n && last + static_cast<double>(i) * stride > 0; ++i) {
      steps.push_back(std::max(round_half_even(last + static_cast<double>(i) * stride) - 1.0, 0.0));
    }
    return steps;
  }
  const std::int64_t points = n + rule.extra;
  for (std::int64_t i = points - 1; i >= rule.extra; --i) {
    if (options.spacing == Spacing::kLeading) {
      steps.push_back(static_cast<double>(
          std::min(i * (rule.last / points) + options.steps_offset, options.train_steps - 1)));
    } else {
      const auto top = static_cast<double>(rule.last - 1);
      const double width = points > 1 ? top / static_cast<double>(points - 1) : 0.0;
      const double step = points > 1 && i == points - 1 ? top : static_cast<double>(i) * width;
      steps.push_back(rule.whole ? round_half_even(step)
                                 : static_cast<double>(static_cast<float>(step)));
    }
  }
  return steps;
}

std::vector<double> interpolate(const std::vector<double>& timesteps,
                                const std::vector<float>& table) {
  std::vector<double> values;
  values.reserve(timesteps.size());
  const auto top = static_cast<double>(table.size() - 1);
  for (const double t : timesteps) {
    const double inside = std::clamp(t, 0.0, top);
    const auto low = static_cast<std::size_t>(inside);
    const auto y = static_cast<double>(table[low]);
    if (low + 1 == table.size()) {
      values.push_back(y);
    } else {
      values.push_back(
          (static_cast<double>(table[low + 1]) - y) * (inside - static_cast<double>(low)) + y);
    }
  }
  return values;
}

std::vector<double> karras_sigmas(double max, double min, std::int64_t count) {
  constexpr double kRho = 7.0;
  const double max_root = std::pow(max, 1.0 / kRho);
  const double min_root = std::pow(min, 1.0 / kRho);
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i < count; ++i) {
    const double ramp = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.0;
    sigmas.push_back(std::pow(max_root + ramp * (min_root - max_root), kRho));
  }
  return sigmas;
}

double timestep_of_sigma(double sigma, const std::vector<float>& table) {
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  // The table rises: the last entry that is not above.
  const auto not_above = [log_sigma](float entry) {
    return static_cast<double>(std::log(entry)) <= log_sigma;
  };
  const auto above = std::partition_point(table.begin(), table.end(), not_above);
  const std::size_t low = std::min(
      above == table.begin() ? std::size_t{0} : static_cast<std::size_t>(above - table.begin() - 1),
      table.size() - 2);
  const float low_log = std::log(table[low]);
  const float high_log = std::log(table[low + 1]);
  const double w = std::clamp(
      (static_cast<double>(low_log) - log_sigma) / static_cast<double>(low_log - high_log), 0.0,
      1.0);
  return (1.0 - w) * static_cast<double>(low) + w * static_cast<double>(low + 1);
}

std::vector<float> with_final_sigma(const std::vector<double>& sigmas, double final_sigma) {
  std::vector<float> out(sigmas.begin(), sigmas.end());
  out.push_back(static_cast<float>(final_sigma));
  return out;
}

AlphaSigma alpha_sigma(float ratio) {
  AlphaSigma level;
  level.alpha = 1.0F / std::sqrt(ratio * ratio + 1.0F);
  level.sigma = ratio * level.alpha;
  level.lambda = std::log(level.alpha) - std::log(level.sigma);
  return level;
}

}  // namespace stylus::generator::sampling
