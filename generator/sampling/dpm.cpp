#include <algorithm>
#include <cmath>

#include "generator/sampling/multistep.h"
#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"
#include "support/error.h"

namespace stylus::generator::sampling {
namespace {

/// Lu et al., "DPM-Solver++", algorithm 2 (2M), and its SDE form.
class Dpm final : public Sampler {
 public:
  explicit Dpm(const SamplerOptions& options) : Sampler(options) {
    require(options.solver_order >= 1 && options.solver_order <= 2, ErrorCode::kUnsupported,
            "DPM-Solver++ of order ", options.solver_order,
            " is not built in; name a sampler (dpmpp_2m), or set solver_order to 2");
    const MultistepTables tables = multistep_tables(options, alpha_bars_);
    timesteps_ = tables.timesteps;
    sigmas_ = tables.sigmas;
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& noise) override {
    const bool is_last = i + 1 == timesteps_.size();
    const bool first_order_at_end = options_.euler_at_final || !options_.final_sigma_is_min ||
                                    (options_.lower_order_final && timesteps_.size() < 15);
    const at::Tensor x0 = predicted_x0(options_.prediction, out, x, alpha_sigma(sigmas_[i]));
    const bool second =
        options_.solver_order == 2 && last_x0_.defined() && !(is_last && first_order_at_end);
    at::Tensor next = options_.kind == SamplerKind::kDpm2m ? ode_step(x0, i, x, second)
                                                           : sde_step(x0, i, x, second, noise);
    last_x0_ = x0;
    return next;
  }

  /// The slope (m0 - m1) / r0 between this prediction and the one before.
  [[nodiscard]] at::Tensor slope(const at::Tensor& x0, std::size_t i, float h) const {
    const float h_before = alpha_sigma(sigmas_[i]).lambda - alpha_sigma(sigmas_[i - 1]).lambda;
    return x0.sub(last_x0_).mul(static_cast<double>(1.0F / (h_before / h)));
  }

  [[nodiscard]] at::Tensor ode_step(const at::Tensor& x0, std::size_t i, const at::Tensor& x,
                                    bool second) const {
    const AlphaSigma from = alpha_sigma(sigmas_[i]);
    const AlphaSigma to = alpha_sigma(sigmas_[i + 1]);
    const float h = to.lambda - from.lambda;
    const float gain = to.alpha * (std::exp(-h) - 1.0F);  // negative; -alpha at sigma 0
    at::Tensor next =
        x.mul(static_cast<double>(to.sigma / from.sigma)).sub(x0.mul(static_cast<double>(gain)));
    if (!second) {
      return next;
    }
    const at::Tensor d1 = slope(x0, i, h);
    if (options_.solver_is_heun) {
      return next.add(d1.mul(static_cast<double>(to.alpha * ((std::exp(-h) - 1.0F) / h + 1.0F))));
    }
    return next.sub(d1.mul(static_cast<double>(0.5F * gain)));
  }

  [[nodiscard]] at::Tensor sde_step(const at::Tensor& x0, std::size_t i, const at::Tensor& x,
                                    bool second, NoiseSource& noise) const {
    const AlphaSigma from = alpha_sigma(sigmas_[i]);
    const AlphaSigma to = alpha_sigma(sigmas_[i + 1]);
    const float h = to.lambda - from.lambda;
    const float decay = std::exp(-2.0F * h);
    const float gain = to.alpha * (1.0F - decay);
    const at::Tensor z = noise.draw_like(x);
    at::Tensor next = x.mul(static_cast<double>(to.sigma / from.sigma * std::exp(-h)))
                          .add(x0.mul(static_cast<double>(gain)));
    if (second) {
      const float factor =
          options_.solver_is_heun ? to.alpha * ((1.0F - decay) / (-2.0F * h) + 1.0F) : 0.5F * gain;
      next = next.add(slope(x0, i, h).mul(static_cast<double>(factor)));
    }
    return next.add(z.mul(static_cast<double>(to.sigma * std::sqrt(1.0F - decay))));
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    const AlphaSigma at_i = alpha_sigma(sigmas_[i]);
    return {static_cast<double>(at_i.alpha), static_cast<double>(at_i.sigma)};
  }

  at::Tensor last_x0_;
};

}  // namespace

std::unique_ptr<Sampler> make_dpm(const SamplerOptions& options) {
  return std::make_unique<Dpm>(options);
}

}  // namespace stylus::generator::sampling
