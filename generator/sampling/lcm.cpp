#include <cmath>

#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"
#include "support/error.h"

namespace stylus::generator::sampling {
namespace {

/// Luo et al., "Latent Consistency Models", multistep sampling.
class Lcm final : public Sampler {
 public:
  explicit Lcm(const SamplerOptions& options) : Sampler(options) {
    const std::int64_t n = options.steps;
    const std::int64_t grid = options.original_steps;
    require(grid >= 1 && grid <= options.train_steps, ErrorCode::kInvalidArgument,
            "original_inference_steps is ", grid, ", expected 1 to ", options.train_steps);
    require(n <= grid, ErrorCode::kInvalidArgument, "sampler lcm was asked for ", n,
            " steps and has a grid of ", grid, "; use fewer, 4 to 8 are usual");
    const std::int64_t stride = options.train_steps / grid;
    const double width = static_cast<double>(grid) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto index = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * width));
      timesteps_.push_back(static_cast<double>((grid - index) * stride - 1));
    }
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& noise) override {
    const bool is_last = i + 1 == timesteps_.size();
    const float a = alpha_bar(i);
    const double root_a = static_cast<double>(std::sqrt(a));
    const double root_b = static_cast<double>(std::sqrt(1.0F - a));
    at::Tensor x0 = out;
    if (options_.prediction == Prediction::kEpsilon) {
      x0 = x.sub(out.mul(root_b)).div(root_a);
    } else if (options_.prediction == Prediction::kV) {
      x0 = x.mul(root_a).sub(out.mul(root_b));
    }
    if (options_.clip_sample) {
      x0 = x0.clamp(-options_.clip_sample_range, options_.clip_sample_range);
    }
    constexpr double kDataVariance = 0.25;
    const double t = timesteps_[i] * options_.timestep_scaling;
    const double keep = kDataVariance / (t * t + kDataVariance);
    const double take = t / std::sqrt(t * t + kDataVariance);
    at::Tensor denoised = x0.mul(take).add(x.mul(keep));
    if (is_last) {
      return denoised;
    }
    const float a_next = alpha_bar(i + 1);
    return denoised.mul(static_cast<double>(std::sqrt(a_next)))
        .add(noise.draw_like(x).mul(static_cast<double>(std::sqrt(1.0F - a_next))));
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    const float a = alpha_bar(i);
    return {static_cast<double>(std::sqrt(a)), static_cast<double>(std::sqrt(1.0F - a))};
  }

  [[nodiscard]] float alpha_bar(std::size_t i) const {
    return alpha_bars_[static_cast<std::size_t>(timesteps_[i])];
  }
};

}  // namespace

std::unique_ptr<Sampler> make_lcm(const SamplerOptions& options) {
  return std::make_unique<Lcm>(options);
}

}  // namespace stylus::generator::sampling
