#include "generator/sampler_options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "generator/sampling/config_reader.h"
#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::generator {
namespace {

using sampling::ConfigReader;

struct NamedSampler {
  std::string_view name;
  SamplerKind kind;
  bool karras;
};
constexpr std::array<NamedSampler, 12> kNames = {{
    {"ddim", SamplerKind::kDdim, false},
    {"euler", SamplerKind::kEuler, false},
    {"euler_karras", SamplerKind::kEuler, true},
    {"euler_a", SamplerKind::kEulerAncestral, false},
    {"dpmpp_2m", SamplerKind::kDpm2m, false},
    {"dpmpp_2m_karras", SamplerKind::kDpm2m, true},
    {"dpmpp_2m_sde", SamplerKind::kDpm2mSde, false},
    {"dpmpp_2m_sde_karras", SamplerKind::kDpm2mSde, true},
    {"pndm", SamplerKind::kPndm, false},
    {"lcm", SamplerKind::kLcm, false},
    {"unipc", SamplerKind::kUnipc, false},
    {"unipc_karras", SamplerKind::kUnipc, true},
}};

/// Keys that a named sampler does not take over from the model's own scheduler: its name says what
/// it does.
constexpr std::array<const char*, 13> kDecidedByName = {
    "algorithm_type",         "interpolation_type", "predict_x0",        "solver_order",
    "thresholding",           "timestep_type",      "use_beta_sigmas",   "use_dynamic_shifting",
    "use_exponential_sigmas", "use_flow_sigmas",    "use_karras_sigmas", "use_lu_lambdas",
    "variance_type"};

std::string name_list() { return join(sampler_names(), ", "); }

const NamedSampler& sampler_of_name(std::string_view name) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [name](const auto& entry) { return entry.name == name; });
  require(found != kNames.end(), ErrorCode::kInvalidArgument, "there is no sampler '", name,
          "'; choose one of ", name_list());
  return *found;
}

SamplerKind kind_of_class(const ConfigReader& config) {
  const std::string name = config.text("_class_name", "");
  if (name == "DDIMScheduler") return SamplerKind::kDdim;
  if (name == "EulerDiscreteScheduler") return SamplerKind::kEuler;
  if (name == "EulerAncestralDiscreteScheduler") return SamplerKind::kEulerAncestral;
  if (name == "PNDMScheduler") return SamplerKind::kPndm;
  if (name == "LCMScheduler") return SamplerKind::kLcm;
  if (name == "UniPCMultistepScheduler") return SamplerKind::kUnipc;
  if (name == "DPMSolverMultistepScheduler") {
    const std::string algorithm = config.text("algorithm_type", "dpmsolver++");
    if (algorithm == "dpmsolver++" || algorithm == "deis") return SamplerKind::kDpm2m;
    if (algorithm == "sde-dpmsolver++") return SamplerKind::kDpm2mSde;
    config.refuse("algorithm_type", algorithm);
  }
  config.refuse("_class_name", name);
}

void read_noise_schedule(const ConfigReader& config, SamplerOptions& options) {
  config.set("num_train_timesteps", options.train_steps);
  config.set("beta_start", options.beta_start);
  config.set("beta_end", options.beta_end);
  config.set("trained_betas", options.trained_betas);
  config.set_choice("beta_schedule", options.beta_schedule,
                    {{"linear", BetaSchedule::kLinear},
                     {"scaled_linear", BetaSchedule::kScaledLinear},
                     {"squaredcos_cap_v2", BetaSchedule::kSquaredCosine}});
  config.set_choice("prediction_type", options.prediction,
                    {{"epsilon", Prediction::kEpsilon},
                     {"v_prediction", Prediction::kV},
                     {"sample", Prediction::kSample}});
  config.set_choice("timestep_spacing", options.spacing,
                    {{"leading", Spacing::kLeading},
                     {"linspace", Spacing::kLinspace},
                     {"trailing", Spacing::kTrailing}});
  config.set("steps_offset", options.steps_offset);
  if (options.kind != SamplerKind::kPndm) {
    config.set("rescale_betas_zero_snr", options.zero_terminal_snr);
  }
}

void read_sigma_settings(const ConfigReader& config, SamplerOptions& options) {
  config.set("use_karras_sigmas", options.karras);
  config.set_choice("final_sigmas_type", options.final_sigma_is_min,
                    {{"zero", false}, {"sigma_min", true}});
  for (const char* key : {"use_exponential_sigmas", "use_beta_sigmas", "use_flow_sigmas",
                          "use_lu_lambdas", "use_dynamic_shifting"}) {
    config.refuse_if_true(key);
  }
}

void read_solver_settings(const ConfigReader& config, SamplerOptions& options) {
  config.set("solver_order", options.solver_order);
  config.set("lower_order_final", options.lower_order_final);
  if (options.kind == SamplerKind::kUnipc) {
    options.solver_is_bh1 = config.text("solver_type", "bh2") == "bh1";
    config.set("disable_corrector", options.disable_corrector);
    bool predicts_x0 = true;
    config.set("predict_x0", predicts_x0);
    if (!predicts_x0) {
      config.refuse("predict_x0", "false");
    }
    return;
  }
  options.solver_is_heun = config.text("solver_type", "midpoint") == "heun";
  config.set("euler_at_final", options.euler_at_final);
  config.set("lambda_min_clipped", options.lambda_min_clipped);
  const std::string variance = config.text("variance_type", "");
  if (!variance.empty()) {
    config.refuse("variance_type", variance);
  }
}

void read_settings_of_kind(const ConfigReader& config, SamplerOptions& options) {
  config.refuse_if_true("thresholding");
  switch (options.kind) {
    case SamplerKind::kDdim:
    case SamplerKind::kLcm:
      config.set("clip_sample", options.clip_sample);
      config.set("clip_sample_range", options.clip_sample_range);
      config.set("set_alpha_to_one", options.set_alpha_to_one);
      config.set("original_inference_steps", options.original_steps);
      config.set("timestep_scaling", options.timestep_scaling);
      break;
    case SamplerKind::kPndm:
      config.set("set_alpha_to_one", options.set_alpha_to_one);
      break;
    case SamplerKind::kEulerAncestral:
      break;
    case SamplerKind::kEuler: {
      read_sigma_settings(config, options);
      config.set("sigma_min", options.karras_sigma_min);
      config.set("sigma_max", options.karras_sigma_max);
      const std::string interpolation = config.text("interpolation_type", "linear");
      if (interpolation != "linear") {
        config.refuse("interpolation_type", interpolation);
      }
      const std::string type = config.text("timestep_type", "discrete");
      if (type != "discrete") {
        config.refuse("timestep_type", type);
      }
      break;
    }
    case SamplerKind::kUnipc:
      config.set("sigma_min", options.karras_sigma_min);
      config.set("sigma_max", options.karras_sigma_max);
      [[fallthrough]];
    case SamplerKind::kDpm2m:
    case SamplerKind::kDpm2mSde:
      read_sigma_settings(config, options);
      read_solver_settings(config, options);
      break;
  }
}

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const NamedSampler& entry : kNames) {
      all.emplace_back(entry.name);
    }
    return all;
  }();
  return names;
}

std::string sampler_name(const SamplerOptions& options) {
  const bool karras = options.karras && options.kind != SamplerKind::kEulerAncestral;
  for (const NamedSampler& entry : kNames) {
    if (entry.kind == options.kind && entry.karras == karras) {
      return std::string(entry.name);
    }
  }
  for (const NamedSampler& entry : kNames) {  // kinds without Karras spacing
    if (entry.kind == options.kind) {
      return std::string(entry.name);
    }
  }
  return "";
}

SamplerOptions options_of_kind(SamplerKind kind) {
  SamplerOptions options;
  options.kind = kind;
  switch (kind) {
    case SamplerKind::kDdim:
      break;
    case SamplerKind::kPndm:
      options.set_alpha_to_one = false;
      options.clip_sample = false;
      break;
    case SamplerKind::kLcm:
      options.beta_schedule = BetaSchedule::kScaledLinear;
      options.beta_start = 0.00085;
      options.beta_end = 0.012;
      options.clip_sample = false;
      break;
    case SamplerKind::kEuler:
    case SamplerKind::kEulerAncestral:
    case SamplerKind::kDpm2m:
    case SamplerKind::kDpm2mSde:
    case SamplerKind::kUnipc:
      options.spacing = Spacing::kLinspace;
      options.clip_sample = false;
      break;
  }
  return options;
}

SamplerOptions read_sampler_options(std::string_view scheduler_config_json, std::string_view what,
                                    std::string_view name) {
  nlohmann::json json = parse_json(sampling::without_python_numbers(scheduler_config_json), what,
                                   {.max_bytes = std::size_t{1} << 20U, .max_depth = 8});
  require(json.is_object(), ErrorCode::kCorruptData, what, " is no JSON object");
  const NamedSampler* named = name.empty() ? nullptr : &sampler_of_name(name);
  if (named != nullptr) {
    for (const char* key : kDecidedByName) {
      json.erase(key);
    }
  }
  const ConfigReader config(json, std::string(what), name_list());
  SamplerOptions options = options_of_kind(named != nullptr ? named->kind : kind_of_class(config));
  read_noise_schedule(config, options);
  read_settings_of_kind(config, options);
  options.karras = named != nullptr ? named->karras : options.karras;
  return options;
}

}  // namespace stylus::generator
