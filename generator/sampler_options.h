#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::generator {

enum class SamplerKind : std::uint8_t {
  kDdim,
  kEuler,
  kEulerAncestral,
  kDpm2m,     ///< DPM-Solver++ multistep
  kDpm2mSde,  ///< the same with noise in every step
  kPndm,      ///< its PLMS part (skip_prk_steps)
  kLcm,
  kUnipc,
};

/// What the model's output means.
enum class Prediction : std::uint8_t { kEpsilon, kV, kSample };

/// How the steps are spread over the training steps.
enum class Spacing : std::uint8_t { kLeading, kLinspace, kTrailing };

enum class BetaSchedule : std::uint8_t { kLinear, kScaledLinear, kSquaredCosine };

/// Everything that decides a sampler's tables and steps. The defaults are those of diffusers'
/// DDIMScheduler; options_of_kind() gives those of another class.
/// Source: diffusers 0.42.1, src/diffusers/schedulers
struct SamplerOptions {
  SamplerKind kind = SamplerKind::kDdim;
  std::int64_t steps = 20;  ///< Steps of a whole run, 1 .. train_steps (LCM: .. original_steps).

  std::int64_t train_steps = 1000;  ///< T
  BetaSchedule beta_schedule = BetaSchedule::kLinear;
  double beta_start = 0.0001;
  double beta_end = 0.02;
  std::vector<double> trained_betas;  ///< Replaces the schedule unless empty; train_steps values.
  bool zero_terminal_snr = false;     ///< Rescales so that nothing of the picture is left at T-1.

  Prediction prediction = Prediction::kEpsilon;
  Spacing spacing = Spacing::kLeading;
  /// Added to every step of leading spacing; a Generator runs SD 1 and 2 with 1 in any case.
  std::int64_t steps_offset = 0;

  // DDIM, PNDM, LCM
  bool set_alpha_to_one = true;    ///< The last step ends at alpha 1 instead of alpha_bar[0].
  bool clip_sample = true;         ///< DDIM, LCM: bounds the predicted picture.
  double clip_sample_range = 1.0;  ///< Bound, > 0.
  double eta = 0.0;                ///< DDIM: 0 draws no noise, 1 as much as DDPM.

  // Euler, DPM, UniPC
  bool karras = false;              ///< Sigmas spaced as by Karras et al., not with Euler a.
  bool final_sigma_is_min = false;  ///< The last sigma is that of step 0 instead of 0.
  double karras_sigma_min = 0.0;    ///< Euler, UniPC: 0 takes the schedule's own.
  double karras_sigma_max = 0.0;

  // DPM, UniPC
  std::int64_t solver_order = 2;  ///< DPM: 1 or 2; UniPC: 1 to 3.
  bool solver_is_heun = false;    ///< DPM: Heun's form of the second order, else midpoint.
  bool solver_is_bh1 = false;     ///< UniPC: B(h) = h, else e^h - 1.
  bool lower_order_final = true;  ///< Lower order at the end (DPM: of runs below 15 steps).
  bool euler_at_final = false;    ///< DPM: first order in the last step.
  double lambda_min_clipped = -std::numeric_limits<double>::infinity();  ///< DPM
  std::vector<std::int64_t> disable_corrector;  ///< UniPC: steps after which it is not corrected.

  // LCM
  std::int64_t original_steps = 50;  ///< Steps of the distillation.
  double timestep_scaling = 10.0;
};

/// The names of the command line, in the order in which help should list them: ddim, euler,
/// euler_karras, euler_a, dpmpp_2m, dpmpp_2m_karras, dpmpp_2m_sde, dpmpp_2m_sde_karras, pndm, lcm,
/// unipc, unipc_karras.
[[nodiscard]] const std::vector<std::string>& sampler_names();

/// The name that sampler_names() has for `options`.
[[nodiscard]] std::string sampler_name(const SamplerOptions& options);

/// diffusers' defaults of that class.
[[nodiscard]] SamplerOptions options_of_kind(SamplerKind kind);

/// A model's scheduler_config.json as options: what it leaves out takes the default of its class.
///
/// With a `name` of sampler_names(), the options of that sampler over the same noise schedule: keys
/// of the file that both know stay, all others are defaults of the named class; whether Karras
/// spacing is used is in the name. This is `Class.from_config(pipeline.scheduler.config)`.
///
/// `what` names the file in messages. Python's Infinity and NaN are read as absent values.
/// Requires: a JSON object of known values, else Error(kCorruptData); a class and settings that we
///           have, else Error(kUnsupported), which names the samplers to choose from; a known name,
///           else Error(kInvalidArgument).
[[nodiscard]] SamplerOptions read_sampler_options(std::string_view scheduler_config_json,
                                                  std::string_view what,
                                                  std::string_view name = {});

}  // namespace stylus::generator
