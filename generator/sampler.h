#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "generator/noise.h"
#include "generator/sampler_options.h"

namespace stylus::generator {

/// One run from noise to latents. Loop:
///
///   x = noise.draw(...).mul(sampler.init_noise_sigma());
///   for (std::size_t i = sampler.first(); i < sampler.timesteps().size(); ++i) {
///     e = model(sampler.scale_input(x, i), sampler.timesteps()[i]);
///     x = sampler.step(e, i, x, noise);
///   }
///
/// img2img: start_at(start_for_strength(s)), then x = add_noise(latents, noise, first()).
/// Inpainting without an inpainting model: after step i blend with add_noise(latents, noise, i + 1)
/// of the same noise, and with the clean latents after the last one.
///
/// Shapes:        x, model output [B, ...] of any floating dtype on any device; the work is done in
///                fp32 and the result has x's dtype.
/// Thread safety: none; a sampler belongs to one run and remembers earlier steps.
/// Cost:          a few elementwise passes over x.
/// Source:        the formulas of diffusers 0.42.1's schedulers, tables in fp32 as there.
class Sampler {
 public:
  Sampler(const Sampler&) = delete;
  Sampler(Sampler&&) = delete;
  Sampler& operator=(const Sampler&) = delete;
  Sampler& operator=(Sampler&&) = delete;
  virtual ~Sampler() = default;

  /// One value per model call, falling; PNDM has its second one twice. Euler's may be fractions.
  [[nodiscard]] const std::vector<double>& timesteps() const { return timesteps_; }

  /// Noise level of each step in sigma space, and the last one's target; empty for DDIM, PNDM, LCM.
  [[nodiscard]] const std::vector<float>& sigmas() const { return sigmas_; }

  /// What unit noise is multiplied with before the first step of a whole run.
  [[nodiscard]] double init_noise_sigma() const;

  /// What the model sees of x at step i.
  [[nodiscard]] at::Tensor scale_input(const at::Tensor& x, std::size_t i) const;

  /// x one step further.
  /// Requires: steps come in order from first() on, each once; model_output of x's shape; else
  ///           Error(kInvalidArgument).
  /// Draws from `noise` where the sampler is stochastic: Euler a and DPM++ 2M SDE in every step
  /// (the last one included, as diffusers does), LCM in all but the last, DDIM when eta > 0.
  [[nodiscard]] at::Tensor step(const at::Tensor& model_output, std::size_t i, const at::Tensor& x,
                                NoiseSource& noise);

  /// What the model's output at step i says x will come to: x0 out of x, by the prediction type.
  /// A picture of it shows where a run is going long before its noise is gone.
  [[nodiscard]] at::Tensor predicted_clean(const at::Tensor& model_output, std::size_t i,
                                           const at::Tensor& x) const;

  /// Clean latents x0 and unit noise at the noise level of step i. i = timesteps().size() gives x0.
  [[nodiscard]] at::Tensor add_noise(const at::Tensor& x0, const at::Tensor& noise,
                                     std::size_t i) const;

  /// The first step of an img2img run of that strength: max(n - int(n * strength), 0), n = steps.
  /// Requires: 0 < strength <= 1 and at least one step left, else Error(kInvalidArgument).
  [[nodiscard]] std::size_t start_for_strength(double strength) const;

  /// The run begins at step i instead of 0. Before the first step() only.
  void start_at(std::size_t i);
  [[nodiscard]] std::size_t first() const { return first_; }

  [[nodiscard]] const SamplerOptions& options() const { return options_; }

 protected:
  explicit Sampler(SamplerOptions options);

  /// All tensors fp32.
  [[nodiscard]] virtual at::Tensor advance(const at::Tensor& model_output, std::size_t i,
                                           const at::Tensor& x, NoiseSource& noise) = 0;

  /// x0 * signal + noise * amount at step i.
  struct Level {
    double signal = 1.0;
    double amount = 0.0;
  };
  [[nodiscard]] virtual Level level(std::size_t i) const = 0;

  SamplerOptions options_;
  std::vector<float> alpha_bars_;  // [T]
  std::vector<double> timesteps_;  // [N]
  std::vector<float> sigmas_;      // [N + 1] or empty
  std::size_t first_ = 0;

 private:
  std::size_t next_ = 0;
  bool started_ = false;
};

/// Requires: sound options (ranges as in SamplerOptions), else Error(kInvalidArgument); zero
///           terminal SNR with v- or sample prediction and not with PNDM, sample prediction not
///           with Euler a or PNDM, else Error(kUnsupported).
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const SamplerOptions& options);

}  // namespace stylus::generator
