#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "generator/sampler_options.h"
#include "generator/sampling/tables.h"

// What DPM-Solver++ and UniPC share: both solve for the predicted picture in x = alpha x0 + sigma
// z.
namespace stylus::generator::sampling {

struct MultistepTables {
  std::vector<double> timesteps;  ///< whole steps
  std::vector<float> sigmas;      ///< ratios sigma / alpha, one more
};

/// Also makes the last of `alpha_bars` positive for zero terminal SNR.
[[nodiscard]] MultistepTables multistep_tables(const SamplerOptions& options,
                                               std::vector<float>& alpha_bars);

/// The picture that the model's output means at that noise level.
[[nodiscard]] at::Tensor predicted_x0(Prediction prediction, const at::Tensor& out,
                                      const at::Tensor& x, const AlphaSigma& level);

}  // namespace stylus::generator::sampling
