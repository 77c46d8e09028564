// What samplers do beside their numbers: options, order of steps, batches, precisions, refusals.
#include "generator/sampler.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/error_code_of.h"
#include "tests/generator/one_generator.h"

namespace stylus::generator {
namespace {

const char* const kSd15 = R"({"_class_name": "PNDMScheduler", "beta_end": 0.012,
  "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
  "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
  "clip_sample": false})";

at::Tensor model(const at::Tensor& x, double t) { return x.mul(0.5).add(0.1 * t / 1000.0); }

at::Tensor run(Sampler& sampler, at::Tensor x, NoiseSource& noise) {
  for (std::size_t i = sampler.first(); i < sampler.timesteps().size(); ++i) {
    x = sampler.step(model(sampler.scale_input(x, i), sampler.timesteps()[i]), i, x, noise);
  }
  return x;
}

SamplerOptions named(const std::string& name, std::int64_t steps = 6) {
  SamplerOptions options = read_sampler_options(kSd15, "config", name);
  options.steps = steps;
  return options;
}

TEST(SamplerOptions, ANameTakesTheModelsNoiseScheduleAndItsOwnClassDefaults) {
  for (const std::string& name : sampler_names()) {
    const SamplerOptions options = named(name);

    EXPECT_EQ(sampler_name(options), name);
    EXPECT_EQ(options.beta_end, 0.012) << name;
    EXPECT_EQ(options.steps_offset, 1) << name;
    EXPECT_FALSE(options.clip_sample) << name;
  }
  EXPECT_EQ(named("ddim").spacing, Spacing::kLeading);
  EXPECT_FALSE(named("ddim").set_alpha_to_one);
  EXPECT_EQ(named("euler").spacing, Spacing::kLinspace);
}

TEST(Sampler, KnowsTheCleanLatentsThatAnExactModelPredicts) {
  OneGenerator draw(1);
  const at::Tensor like = at::zeros({1, 4, 3, 3});
  const at::Tensor clean = draw.draw_like(like);
  const at::Tensor noise = draw.draw_like(like);
  for (const std::string& name : sampler_names()) {
    for (const Prediction prediction : {Prediction::kEpsilon, Prediction::kV}) {
      SamplerOptions options = named(name);
      options.prediction = prediction;
      const std::unique_ptr<Sampler> sampler = make_sampler(options);
      const at::Tensor zero = at::zeros_like(clean);
      // What is left of noise and of clean latents at this step, as the sampler adds them.
      const double amount = sampler->add_noise(zero, at::ones_like(zero), 2).max().item<double>();
      const double signal = sampler->add_noise(at::ones_like(zero), zero, 2).max().item<double>();
      const double length = std::hypot(amount, signal);
      const at::Tensor output = prediction == Prediction::kEpsilon
                                    ? noise
                                    : noise.mul(signal / length).sub(clean.mul(amount / length));

      const at::Tensor seen =
          sampler->predicted_clean(output, 2, sampler->add_noise(clean, noise, 2));

      EXPECT_LT(seen.sub(clean).abs().max().item<double>(), 1e-3) << name;
    }
  }
}

TEST(SamplerOptions, TheModelsOwnSamplerIsTheDefault) {
  EXPECT_EQ(read_sampler_options(kSd15, "config").kind, SamplerKind::kPndm);
  const SamplerOptions ddim = read_sampler_options(R"({"_class_name": "DDIMScheduler"})", "config");
  EXPECT_TRUE(ddim.clip_sample);
  EXPECT_TRUE(ddim.set_alpha_to_one);
  EXPECT_EQ(ddim.beta_schedule, BetaSchedule::kLinear);
}

TEST(SamplerOptions, ReadsPythonsInfinity) {
  const SamplerOptions options = read_sampler_options(
      R"({"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity,
          "note": "Infinity \" NaN", "variance_type": null})",
      "config");
  EXPECT_EQ(options.kind, SamplerKind::kDpm2m);
}

TEST(SamplerOptions, ANameOverridesWhatTheModelsOwnSamplerCannotDo) {
  const char* const config =
      R"({"_class_name": "HeunDiscreteScheduler", "use_exponential_sigmas": true, "solver_order": 3})";

  EXPECT_EQ(error_code_of([&] { return read_sampler_options(config, "config"); }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(read_sampler_options(config, "config", "dpmpp_2m").solver_order, 2);
}

TEST(SamplerOptions, RefusesByNameWhatItDoesNotKnow) {
  const auto code = [](const char* json, const char* name = "") {
    return error_code_of([&] { return read_sampler_options(json, "config", name); });
  };

  EXPECT_EQ(code("[]"), ErrorCode::kCorruptData);
  EXPECT_EQ(code("{"), ErrorCode::kCorruptData);
  EXPECT_EQ(code("{}"), ErrorCode::kUnsupported);
  EXPECT_EQ(code("{}", "ddmi"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(R"({"beta_start": "small"})", "ddim"), ErrorCode::kCorruptData);
  EXPECT_EQ(code(R"({"steps_offset": 1.5})", "ddim"), ErrorCode::kCorruptData);
  EXPECT_EQ(code(R"({"prediction_type": "flow_prediction"})", "ddim"), ErrorCode::kUnsupported);
  EXPECT_EQ(code(R"({"_class_name": "DDIMScheduler", "thresholding": true})"),
            ErrorCode::kUnsupported);
  EXPECT_NE(error_message_of([] {
              return read_sampler_options("{}", "config", "ddmi");
            }).find("dpmpp_2m_karras"),
            std::string::npos);
}

TEST(Sampler, AnImageDoesNotDependOnItsBatch) {
  for (const std::string& name : sampler_names()) {
    Noise batch_noise({5, 6, 7});
    Noise one_noise({6});
    const auto batch_sampler = make_sampler(named(name));
    const auto one_sampler = make_sampler(named(name));
    const at::Tensor start = batch_noise.draw({4, 4, 4}, at::kCPU, at::kFloat);
    const at::Tensor one_start = one_noise.draw({4, 4, 4}, at::kCPU, at::kFloat);

    const at::Tensor batch = run(*batch_sampler, start, batch_noise);
    const at::Tensor one = run(*one_sampler, one_start, one_noise);

    EXPECT_TRUE(batch[1].equal(one[0])) << name;
  }
}

TEST(Sampler, KeepsTheLatentsPrecision) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kDouble}) {
    for (const std::string& name : sampler_names()) {
      Noise noise({5});
      Noise full_noise({5});
      const auto sampler = make_sampler(named(name));
      const auto full_sampler = make_sampler(named(name));
      const at::Tensor start = noise.draw({4, 4, 4}, at::kCPU, dtype);
      const at::Tensor full =
          run(*full_sampler, full_noise.draw({4, 4, 4}, at::kCPU, at::kFloat), full_noise);

      const at::Tensor x = run(*sampler, start, noise);

      EXPECT_EQ(x.scalar_type(), dtype) << name;
      EXPECT_LE(x.to(at::kFloat).sub(full).abs().max().item<double>(),
                0.1 * full.abs().max().item<double>())
          << name;
    }
  }
}

TEST(Sampler, AddsNoNoiseBehindTheLastStep) {
  const auto sampler = make_sampler(named("euler"));
  const at::Tensor x0 = at::zeros({1, 4}).add(0.5);
  const at::Tensor noise = at::zeros({1, 4}).add(1.0);

  EXPECT_TRUE(sampler->add_noise(x0, noise, sampler->timesteps().size()).equal(x0));
  EXPECT_FALSE(sampler->add_noise(x0, noise, 0).equal(x0));
}

TEST(Sampler, StepsComeInOrderAndOnce) {
  Noise noise({1});
  const auto sampler = make_sampler(named("dpmpp_2m"));
  const at::Tensor x = noise.draw({4, 4}, at::kCPU, at::kFloat);
  const auto step = [&](std::size_t i) {
    return error_code_of([&] { return sampler->step(x, i, x, noise); });
  };

  EXPECT_EQ(step(1), ErrorCode::kInvalidArgument);
  EXPECT_EQ(step(0), std::nullopt);
  EXPECT_EQ(step(0), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] {
              sampler->start_at(3);
              return 0;
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return sampler->step(x.sum(), 1, x, noise); }),
            ErrorCode::kInvalidArgument);
}

TEST(Sampler, StrengthDecidesTheFirstStep) {
  const auto sampler = make_sampler(named("ddim", 4));

  EXPECT_EQ(sampler->start_for_strength(1.0), 0U);
  EXPECT_EQ(sampler->start_for_strength(0.8), 1U);
  EXPECT_EQ(sampler->start_for_strength(0.25), 3U);
  EXPECT_EQ(error_code_of([&] { return sampler->start_for_strength(0.2); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([&] { return sampler->start_for_strength(0.0); }),
            ErrorCode::kInvalidArgument);
}

TEST(MakeSampler, RefusesWhatCannotWork) {
  const auto code = [](SamplerOptions options) {
    return error_code_of([&] { return make_sampler(options); });
  };
  SamplerOptions options = named("ddim");
  options.steps = 0;
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument);
  options.steps = 1001;
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(named("lcm", 51)), ErrorCode::kInvalidArgument);

  options = named("ddim");
  options.zero_terminal_snr = true;
  EXPECT_EQ(code(options), ErrorCode::kUnsupported);
  options.prediction = Prediction::kV;
  EXPECT_EQ(code(options), std::nullopt);
  options.kind = SamplerKind::kPndm;
  EXPECT_EQ(code(options), ErrorCode::kUnsupported);

  options = named("euler_a");
  options.prediction = Prediction::kSample;
  EXPECT_EQ(code(options), ErrorCode::kUnsupported);
  options = named("ddim");
  options.trained_betas = {0.1, 0.2};
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument);
  options = named("ddim");
  options.beta_end = 1.5;
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument);
}

TEST(MakeSampler, EveryCountOfStepsGivesFiniteTables) {
  for (const std::string& name : sampler_names()) {
    for (const Spacing spacing : {Spacing::kLeading, Spacing::kLinspace, Spacing::kTrailing}) {
      for (std::int64_t steps = 1; steps <= (name == "lcm" ? 50 : 1000);
           steps += steps < 130 ? 1 : 97) {
        SamplerOptions options = named(name, steps);
        options.spacing = spacing;
        const auto sampler = make_sampler(options);
        const auto count = static_cast<std::int64_t>(sampler->timesteps().size());
        EXPECT_EQ(count, steps + (name == "pndm" && steps > 1 ? 1 : 0)) << name << " " << steps;
        for (const double t : sampler->timesteps()) {
          ASSERT_TRUE(t >= 0 && t <= 999) << name << " " << steps << " " << t;
        }
      }
    }
  }
}

}  // namespace
}  // namespace stylus::generator
