#include "generator/sampling/multistep.h"

#include <algorithm>
#include <cmath>

#include "support/error.h"

namespace stylus::generator::sampling {
namespace {

/// Training steps whose log(alpha / sigma) is at least the limit: all of them for -inf.
std::int64_t usable_steps(const SamplerOptions& options, const std::vector<float>& alpha_bars) {
  if (options.kind == SamplerKind::kUnipc) {
    return options.train_steps;
  }
  const auto clipped = std::count_if(alpha_bars.begin(), alpha_bars.end(), [&](float a) {
    const float lambda = std::log(std::sqrt(a)) - std::log(std::sqrt(1.0F - a));
    return static_cast<double>(lambda) < options.lambda_min_clipped;
  });
  require(clipped < options.train_steps, ErrorCode::kInvalidArgument, "lambda_min_clipped ",
          options.lambda_min_clipped, " leaves no training step");
  return options.train_steps - clipped;
}

}  // namespace

MultistepTables multistep_tables(const SamplerOptions& options, std::vector<float>& alpha_bars) {
  if (options.zero_terminal_snr) {
    alpha_bars.back() = 0x1p-24F;
  }
  const std::vector<float> table = sigma_table(alpha_bars);
  MultistepTables out;
  out.timesteps = spaced_timesteps(options, {1, /*whole=*/true, usable_steps(options, alpha_bars)});
  require(!out.timesteps.empty(), ErrorCode::kInvalidArgument, "no step is left of ", options.steps,
          "; lambda_min_clipped is too high");
  std::vector<double> sigmas;
  double final_sigma = static_cast<double>(table[0]);
  if (options.karras) {
    const bool is_unipc = options.kind == SamplerKind::kUnipc;
    const double max = is_unipc && options.karras_sigma_max > 0 ? options.karras_sigma_max
                                                                : static_cast<double>(table.back());
    const double min = is_unipc && options.karras_sigma_min > 0 ? options.karras_sigma_min
                                                                : static_cast<double>(table[0]);
    sigmas = karras_sigmas(max, min, options.steps);
    final_sigma = is_unipc ? sigmas.back() : final_sigma;
    out.timesteps.clear();
    const bool rounds = is_unipc || options.beta_schedule != BetaSchedule::kSquaredCosine;
    for (const double sigma : sigmas) {
      const double t = timestep_of_sigma(sigma, table);
      out.timesteps.push_back(rounds ? std::nearbyint(t) : std::trunc(t));
    }
  } else {
    sigmas = interpolate(out.timesteps, table);
  }
  out.sigmas = with_final_sigma(sigmas, options.final_sigma_is_min ? final_sigma : 0.0);
  return out;
}

at::Tensor predicted_x0(Prediction prediction, const at::Tensor& out, const at::Tensor& x,
                        const AlphaSigma& level) {
  const auto alpha = static_cast<double>(level.alpha);
  const auto sigma = static_cast<double>(level.sigma);
  switch (prediction) {
    case Prediction::kEpsilon:
      return x.sub(out.mul(sigma)).div(alpha);
    case Prediction::kV:
      return x.mul(alpha).sub(out.mul(sigma));
    case Prediction::kSample:
      break;
  }
  return out;
}

}  // namespace stylus::generator::sampling
