#include <algorithm>
#include <cmath>

#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"

namespace stylus::generator::sampling {
namespace {

/// Song et al., "Denoising Diffusion Implicit Models", equations 12 and 16.
class Ddim final : public Sampler {
 public:
  explicit Ddim(const SamplerOptions& options) : Sampler(options) {
    timesteps_ = spaced_timesteps(options, {0, /*whole=*/true, options.train_steps});
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& noise) override {
    const auto t = static_cast<std::int64_t>(timesteps_[i]);
    const std::int64_t previous = t - options_.train_steps / options_.steps;
    const float a = alpha_bars_[static_cast<std::size_t>(t)];
    const float a_previous = previous >= 0 ? alpha_bars_[static_cast<std::size_t>(previous)]
                             : options_.set_alpha_to_one ? 1.0F
                                                         : alpha_bars_[0];
    const float b = 1.0F - a;
    const double root_a = static_cast<double>(std::sqrt(a));
    const double root_b = static_cast<double>(std::sqrt(b));

    at::Tensor x0;
    at::Tensor epsilon;
    switch (options_.prediction) {
      case Prediction::kEpsilon:
        x0 = x.sub(out.mul(root_b)).div(root_a);
        epsilon = out;
        break;
      case Prediction::kSample:
        x0 = out;
        epsilon = x.sub(out.mul(root_a)).div(root_b);
        break;
      case Prediction::kV:
        x0 = x.mul(root_a).sub(out.mul(root_b));
        epsilon = out.mul(root_a).add(x.mul(root_b));
        break;
    }
    if (options_.clip_sample) {
      x0 = x0.clamp(-options_.clip_sample_range, options_.clip_sample_range);
    }

    const float variance = (1.0F - a_previous) / b * (1.0F - a / a_previous);
    const float deviation = static_cast<float>(options_.eta) * std::sqrt(std::max(variance, 0.0F));
    const float direction = std::sqrt(std::max(1.0F - a_previous - deviation * deviation, 0.0F));
    at::Tensor next = x0.mul(static_cast<double>(std::sqrt(a_previous)))
                          .add(epsilon.mul(static_cast<double>(direction)));
    if (options_.eta > 0) {
      next = next.add(noise.draw_like(x).mul(static_cast<double>(deviation)));
    }
    return next;
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    const float a = alpha_bars_[static_cast<std::size_t>(timesteps_[i])];
    return {static_cast<double>(std::sqrt(a)), static_cast<double>(std::sqrt(1.0F - a))};
  }
};

}  // namespace

std::unique_ptr<Sampler> make_ddim(const SamplerOptions& options) {
  return std::make_unique<Ddim>(options);
}

}  // namespace stylus::generator::sampling
