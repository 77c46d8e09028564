#include "generator/sampler.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

constexpr std::int64_t kMaxTrainSteps = 100'000;

void check_schedule(const SamplerOptions& options) {
  require(options.train_steps >= 2 && options.train_steps <= kMaxTrainSteps,
          ErrorCode::kInvalidArgument, "num_train_timesteps is ", options.train_steps,
          ", expected 2 to ", kMaxTrainSteps);
  require(options.steps >= 1 && options.steps <= options.train_steps, ErrorCode::kInvalidArgument,
          options.steps, " steps were asked for; between 1 and ", options.train_steps,
          " are possible");
  require(options.steps_offset >= 0 && options.steps_offset < options.train_steps,
          ErrorCode::kInvalidArgument, "steps_offset is ", options.steps_offset, ", expected 0 to ",
          options.train_steps - 1);
  if (options.trained_betas.empty()) {
    require(0 < options.beta_start && options.beta_start < 1 && 0 < options.beta_end &&
                options.beta_end < 1,
            ErrorCode::kInvalidArgument, "beta_start ", options.beta_start, " and beta_end ",
            options.beta_end, " must lie between 0 and 1");
    return;
  }
  require(static_cast<std::int64_t>(options.trained_betas.size()) == options.train_steps,
          ErrorCode::kInvalidArgument, options.trained_betas.size(), " trained_betas for ",
          options.train_steps, " training steps");
  require(std::all_of(options.trained_betas.begin(), options.trained_betas.end(),
                      [](double beta) { return 0 < beta && beta < 1; }),
          ErrorCode::kInvalidArgument, "trained_betas must lie between 0 and 1");
}

void check_prediction(const SamplerOptions& options) {
  const bool has_no_sample =
      options.kind == SamplerKind::kEulerAncestral || options.kind == SamplerKind::kPndm;
  require(options.prediction != Prediction::kSample || !has_no_sample, ErrorCode::kUnsupported,
          "sampler ", sampler_name(options),
          " cannot run a model that predicts the sample; use ddim, euler or dpmpp_2m");
  if (options.zero_terminal_snr) {
    require(options.prediction != Prediction::kEpsilon, ErrorCode::kUnsupported,
            "rescale_betas_zero_snr needs a v-prediction model: pure noise says nothing about the "
            "noise in it; set prediction_type to v_prediction or leave the rescaling out");
    require(options.kind != SamplerKind::kPndm, ErrorCode::kUnsupported,
            "sampler pndm cannot start from zero terminal SNR; use ddim or euler");
  }
}

void check_ranges(const SamplerOptions& options) {
  require(options.eta >= 0 && options.eta <= 1, ErrorCode::kInvalidArgument, "eta is ", options.eta,
          ", expected 0 to 1");
  require(options.clip_sample_range > 0, ErrorCode::kInvalidArgument, "clip_sample_range is ",
          options.clip_sample_range, ", expected > 0");
  require(options.karras_sigma_min >= 0 && options.karras_sigma_max >= 0 &&
              std::isfinite(options.karras_sigma_min) && std::isfinite(options.karras_sigma_max),
          ErrorCode::kInvalidArgument, "sigma_min ", options.karras_sigma_min, " and sigma_max ",
          options.karras_sigma_max, " must be positive numbers");
}

}  // namespace

Sampler::Sampler(SamplerOptions options)
    : options_(std::move(options)), alpha_bars_(sampling::alpha_bars(options_)) {}

double Sampler::init_noise_sigma() const {
  const bool scales_input =
      options_.kind == SamplerKind::kEuler || options_.kind == SamplerKind::kEulerAncestral;
  if (!scales_input) {
    return 1.0;
  }
  const float top = *std::max_element(sigmas_.begin(), sigmas_.end());
  return static_cast<double>(options_.spacing == Spacing::kLeading ? std::sqrt(top * top + 1.0F)
                                                                   : top);
}

at::Tensor Sampler::scale_input(const at::Tensor& x, std::size_t i) const {
  require(i < timesteps_.size(), ErrorCode::kInvalidArgument, "step ", i, " of ",
          timesteps_.size());
  if (options_.kind != SamplerKind::kEuler && options_.kind != SamplerKind::kEulerAncestral) {
    return x;
  }
  const float sigma = sigmas_[i];
  return x.div(static_cast<double>(std::sqrt(sigma * sigma + 1.0F)));
}

at::Tensor Sampler::step(const at::Tensor& model_output, std::size_t i, const at::Tensor& x,
                         NoiseSource& noise) {
  const std::size_t due = started_ ? next_ : first_;
  require(i == due && i < timesteps_.size(), ErrorCode::kInvalidArgument, "step ", i,
          " was asked for, step ", due, " of ", timesteps_.size(),
          " is due; a sampler is for one run");
  require(model_output.sizes() == x.sizes(), ErrorCode::kInvalidArgument,
          "the model's output has another shape than the latents: ", model_output.sizes(), " and ",
          x.sizes());
  started_ = true;
  next_ = i + 1;
  return advance(model_output.to(at::kFloat), i, x.to(at::kFloat), noise).to(x.scalar_type());
}

at::Tensor Sampler::predicted_clean(const at::Tensor& model_output, std::size_t i,
                                    const at::Tensor& x) const {
  require(i < timesteps_.size(), ErrorCode::kInvalidArgument, "step ", i, " of ",
          timesteps_.size());
  const at::Tensor output = model_output.to(at::kFloat);
  if (options_.prediction == Prediction::kSample) {
    return output;
  }
  // The variance-preserving form, which sigma space is a multiple of.
  const Level at_i = level(i);
  const double length = std::hypot(at_i.signal, at_i.amount);
  const double signal = at_i.signal / length;
  const double amount = at_i.amount / length;
  const at::Tensor scaled = x.to(at::kFloat).div(length);
  return options_.prediction == Prediction::kV
             ? scaled.mul(signal).sub(output.mul(amount))
             : scaled.sub(output.mul(amount)).div(std::max(signal, 1e-6));
}

at::Tensor Sampler::add_noise(const at::Tensor& x0, const at::Tensor& noise, std::size_t i) const {
  require(i <= timesteps_.size(), ErrorCode::kInvalidArgument, "step ", i, " of ",
          timesteps_.size());
  if (i == timesteps_.size()) {
    return x0;
  }
  const Level at_i = level(i);
  return x0.to(at::kFloat)
      .mul(at_i.signal)
      .add(noise.to(at::kFloat).mul(at_i.amount))
      .to(x0.scalar_type());
}

std::size_t Sampler::start_for_strength(double strength) const {
  require(strength > 0 && strength <= 1, ErrorCode::kInvalidArgument, "strength is ", strength,
          ", expected above 0 and at most 1");
  const std::int64_t kept =
      static_cast<std::int64_t>(static_cast<double>(options_.steps) * strength);
  require(kept >= 1, ErrorCode::kInvalidArgument, "strength ", strength, " of ", options_.steps,
          " steps leaves none; use more steps or a higher strength");
  return static_cast<std::size_t>(options_.steps - std::min(kept, options_.steps));
}

void Sampler::start_at(std::size_t i) {
  require(!started_, ErrorCode::kInvalidArgument, "the run has begun; its start is fixed");
  require(i < timesteps_.size(), ErrorCode::kInvalidArgument, "start at step ", i, " of ",
          timesteps_.size());
  first_ = i;
}

std::unique_ptr<Sampler> make_sampler(const SamplerOptions& options) {
  check_schedule(options);
  check_prediction(options);
  check_ranges(options);
  switch (options.kind) {
    case SamplerKind::kDdim:
      return sampling::make_ddim(options);
    case SamplerKind::kEuler:
    case SamplerKind::kEulerAncestral:
      return sampling::make_euler(options);
    case SamplerKind::kDpm2m:
    case SamplerKind::kDpm2mSde:
      return sampling::make_dpm(options);
    case SamplerKind::kPndm:
      return sampling::make_pndm(options);
    case SamplerKind::kLcm:
      return sampling::make_lcm(options);
    case SamplerKind::kUnipc:
      break;
  }
  return sampling::make_unipc(options);
}

}  // namespace stylus::generator
