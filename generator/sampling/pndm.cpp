#include <ATen/core/Tensor.h>

#include <cmath>
#include <vector>

#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"

namespace stylus::generator::sampling {
namespace {

/// Liu et al., "Pseudo Numerical Methods for Diffusion Models on Manifolds": the linear multistep
/// part, begun by one step that is taken twice (Katherine Crowson's PLMS).
///
/// A run that starts in the middle takes its first two calls as that doubled step although the
/// list does not repeat a step there; diffusers does so, too.
class Pndm final : public Sampler {
 public:
  explicit Pndm(const SamplerOptions& options) : Sampler(options) {
    timesteps_ = spaced_timesteps(options, {0, /*whole=*/true, options.train_steps});
    if (timesteps_.size() > 1) {
      timesteps_.insert(timesteps_.begin() + 1, timesteps_[1]);
    }
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& /*noise*/) override {
    const std::int64_t stride = options_.train_steps / options_.steps;
    std::int64_t from = static_cast<std::int64_t>(timesteps_[i]);
    std::int64_t to = from - stride;
    at::Tensor sample = x;
    at::Tensor average = out;
    if (calls_ == 1) {
      to = from;
      from = from + stride;
      average = out.add(outputs_.back()).div(2.0);
      sample = first_sample_;
      first_sample_ = at::Tensor();
    } else {
      if (outputs_.size() == 4) {
        outputs_.erase(outputs_.begin());
      }
      outputs_.push_back(out);
      average = combined();
      if (calls_ == 0) {
        first_sample_ = x;
      }
    }
    ++calls_;
    return transfer(sample, from, to, average);
  }

  /// Adams-Bashforth over the outputs so far.
  [[nodiscard]] at::Tensor combined() const {
    const std::size_t n = outputs_.size();
    const auto back = [&](std::size_t k) -> const at::Tensor& { return outputs_[n - k]; };
    switch (n) {
      case 1:
        return back(1);
      case 2:
        return back(1).mul(3.0).sub(back(2)).div(2.0);
      case 3:
        return back(1).mul(23.0).sub(back(2).mul(16.0)).add(back(3).mul(5.0)).div(12.0);
      default:
        return back(1)
            .mul(55.0)
            .sub(back(2).mul(59.0))
            .add(back(3).mul(37.0))
            .sub(back(4).mul(9.0))
            .mul(1.0 / 24.0);
    }
  }

  /// Equation 9 of the paper.
  [[nodiscard]] at::Tensor transfer(const at::Tensor& x, std::int64_t from, std::int64_t to,
                                    const at::Tensor& out) const {
    const float a = alpha_bar(from);
    const float a_to = alpha_bar(to);
    const float b = 1.0F - a;
    at::Tensor epsilon = out;
    if (options_.prediction == Prediction::kV) {
      epsilon =
          out.mul(static_cast<double>(std::sqrt(a))).add(x.mul(static_cast<double>(std::sqrt(b))));
    }
    const float divisor = a * std::sqrt(1.0F - a_to) + std::sqrt(a * b * a_to);
    return x.mul(static_cast<double>(std::sqrt(a_to / a)))
        .sub(epsilon.mul(static_cast<double>(a_to - a)).div(static_cast<double>(divisor)));
  }

  [[nodiscard]] float alpha_bar(std::int64_t t) const {
    if (t < 0) {
      return options_.set_alpha_to_one ? 1.0F : alpha_bars_[0];
    }
    const auto top = alpha_bars_.size() - 1;
    return alpha_bars_[std::min(static_cast<std::size_t>(t), top)];
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    const float a = alpha_bar(static_cast<std::int64_t>(timesteps_[i]));
    return {static_cast<double>(std::sqrt(a)), static_cast<double>(std::sqrt(1.0F - a))};
  }

  int calls_ = 0;
  std::vector<at::Tensor> outputs_;
  at::Tensor first_sample_;
};

}  // namespace

std::unique_ptr<Sampler> make_pndm(const SamplerOptions& options) {
  return std::make_unique<Pndm>(options);
}

}  // namespace stylus::generator::sampling
