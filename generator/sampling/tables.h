#pragma once

#include <cstdint>
#include <vector>

#include "generator/sampler_options.h"

// The tables that samplers share, in the precision and order of operations of diffusers 0.42.1:
// noise schedules in fp32 by torch's own kernels, spacings in fp64 as numpy has them.
namespace stylus::generator::sampling {

/// alpha_bar of every training step [T]; with zero terminal SNR the last is 0.
[[nodiscard]] std::vector<float> alpha_bars(const SamplerOptions& options);

/// sqrt((1 - a) / a) of every training step [T].
[[nodiscard]] std::vector<float> sigma_table(const std::vector<float>& alpha_bars);

/// n timesteps, falling. `count` of them are spread evenly; DPM and UniPC spread one more than they
/// use (`extra` = 1) unless the spacing is trailing. `whole` rounds linspace to whole steps.
/// `last` is the number of training steps that may be used: T, less for DPM's lambda_min_clipped.
struct SpacingRule {
  std::int64_t extra = 0;
  bool whole = true;
  std::int64_t last = 0;
};
[[nodiscard]] std::vector<double> spaced_timesteps(const SamplerOptions& options,
                                                   const SpacingRule& rule);

/// Linear interpolation of `table` at `timesteps`, as numpy.interp.
[[nodiscard]] std::vector<double> interpolate(const std::vector<double>& timesteps,
                                              const std::vector<float>& table);

/// n sigmas from `max` to `min`, evenly spaced in their seventh roots.
/// Source: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models", eq.
/// 5
[[nodiscard]] std::vector<double> karras_sigmas(double max, double min, std::int64_t count);

/// The fractional training step that has this sigma, by linear interpolation of logarithms.
[[nodiscard]] double timestep_of_sigma(double sigma, const std::vector<float>& table);

/// `sigmas` rounded to fp32 with the target of the last step behind.
[[nodiscard]] std::vector<float> with_final_sigma(const std::vector<double>& sigmas,
                                                  double final_sigma);

/// A noise level in the space where x = alpha x0 + sigma z, from its ratio sigma / alpha.
struct AlphaSigma {
  float alpha = 1.0F;
  float sigma = 0.0F;
  float lambda = 0.0F;  ///< log(alpha / sigma); +inf at sigma 0.
};
[[nodiscard]] AlphaSigma alpha_sigma(float ratio);

}  // namespace stylus::generator::sampling
