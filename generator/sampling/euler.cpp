#include <cmath>

#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"

namespace stylus::generator::sampling {
namespace {

/// Euler's method on x = x0 + sigma z, and its ancestral form, which goes down further and adds
/// fresh noise.
/// Source: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
///         algorithm 2 without churn; Crowson's k-diffusion for the ancestral step.
class Euler final : public Sampler {
 public:
  explicit Euler(const SamplerOptions& options) : Sampler(options) {
    if (options.zero_terminal_snr) {
      alpha_bars_.back() = 0x1p-24F;  // sigma must be finite
    }
    timesteps_ = spaced_timesteps(options, {0, /*whole=*/false, options.train_steps});
    const std::vector<float> table = sigma_table(alpha_bars_);
    std::vector<double> sigmas = interpolate(timesteps_, table);
    if (options.karras && options.kind == SamplerKind::kEuler) {
      const double max = options.karras_sigma_max > 0 ? options.karras_sigma_max : sigmas.front();
      const double min = options.karras_sigma_min > 0 ? options.karras_sigma_min : sigmas.back();
      sigmas = karras_sigmas(max, min, options.steps);
      timesteps_.clear();
      for (const double sigma : sigmas) {
        timesteps_.push_back(
            static_cast<double>(static_cast<float>(timestep_of_sigma(sigma, table))));
      }
    }
    const bool ends_at_min = options.final_sigma_is_min && options.kind == SamplerKind::kEuler;
    sigmas_ = with_final_sigma(sigmas, ends_at_min ? static_cast<double>(table[0]) : 0.0);
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& noise) override {
    const float sigma = sigmas_[i];
    const float next = sigmas_[i + 1];
    at::Tensor x0;
    switch (options_.prediction) {
      case Prediction::kEpsilon:
        x0 = x.sub(out.mul(static_cast<double>(sigma)));
        break;
      case Prediction::kV: {
        const float square = sigma * sigma + 1.0F;
        x0 = out.mul(static_cast<double>(-sigma / std::sqrt(square)))
                 .add(x.div(static_cast<double>(square)));
        break;
      }
      case Prediction::kSample:
        x0 = out;
        break;
    }
    const at::Tensor slope = x.sub(x0).div(static_cast<double>(sigma));
    if (options_.kind == SamplerKind::kEuler) {
      return x.add(slope.mul(static_cast<double>(next - sigma)));
    }
    const float up = std::sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
    const float down = std::sqrt(next * next - up * up);
    return x.add(slope.mul(static_cast<double>(down - sigma)))
        .add(noise.draw_like(x).mul(static_cast<double>(up)));
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    return {1.0, static_cast<double>(sigmas_[i])};
  }
};

}  // namespace

std::unique_ptr<Sampler> make_euler(const SamplerOptions& options) {
  return std::make_unique<Euler>(options);
}

}  // namespace stylus::generator::sampling
