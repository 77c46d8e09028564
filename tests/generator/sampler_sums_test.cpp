// The sums that diffusers' own scheduler tests expect (tests/schedulers of huggingface/diffusers;
// generation-and-evaluation 8.9). No files: sample, model and noise are made here.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include "generator/noise.h"
#include "generator/sampler.h"
#include "tests/generator/one_generator.h"

namespace stylus::generator {
namespace {

/// i / 768 in a [4, 3, 8, 8] tensor whose last dimension was first.
at::Tensor ramp() {
  return at::arange(768, at::TensorOptions().dtype(at::kFloat))
      .div(768.0)
      .reshape({3, 8, 8, 4})
      .permute({3, 0, 1, 2});
}

at::Tensor reversed_ramp() {
  return at::arange(768, at::TensorOptions().dtype(at::kFloat))
      .flip({0})
      .div(768.0)
      .reshape({3, 8, 8, 4})
      .permute({3, 0, 1, 2});
}

struct Sums {
  double sum = 0;
  double mean = 0;
};

/// The tests' loop with the model f(x, t) = x t / (t + 1). Those of Euler feed the scaled sample
/// back into step(), an oddity that is copied here and nowhere else.
Sums run(Sampler& sampler, at::Tensor x, bool feeds_scaled_back = false) {
  OneGenerator noise(0);
  for (std::size_t i = sampler.first(); i < sampler.timesteps().size(); ++i) {
    const double t = sampler.timesteps()[i];
    const at::Tensor scaled = sampler.scale_input(x, i);
    x = sampler.step(scaled.mul(t / (t + 1.0)), i, feeds_scaled_back ? scaled : x, noise);
  }
  return {x.abs().sum().item<double>(), x.abs().mean().item<double>()};
}

SamplerOptions linear(SamplerKind kind, Prediction prediction = Prediction::kEpsilon) {
  SamplerOptions options = options_of_kind(kind);
  options.beta_schedule = BetaSchedule::kLinear;
  options.beta_start = 0.0001;
  options.beta_end = 0.02;
  options.steps = 10;
  options.prediction = prediction;
  return options;
}

void expect_sums(const SamplerOptions& options, double sum, double mean) {
  const auto sampler = make_sampler(options);
  const Sums sums = run(*sampler, ramp());
  EXPECT_NEAR(sums.sum, sum, 1e-2);
  EXPECT_NEAR(sums.mean, mean, 1e-3);
}

TEST(SamplerSums, Ddim) {
  SamplerOptions options = linear(SamplerKind::kDdim);
  expect_sums(options, 172.0067, 0.223967);
  options.prediction = Prediction::kV;
  expect_sums(options, 52.5302, 0.0684);

  options.prediction = Prediction::kEpsilon;
  options.beta_start = 0.01;
  expect_sums(options, 149.8295, 0.1951);
  options.set_alpha_to_one = false;
  expect_sums(options, 149.0784, 0.1941);
}

TEST(SamplerSums, DdimFromTheMiddle) {
  const auto sampler = make_sampler(linear(SamplerKind::kDdim));
  sampler->start_at(8);
  const Sums sums = run(*sampler, sampler->add_noise(ramp(), reversed_ramp(), 8));

  EXPECT_NEAR(sums.sum, 354.5418, 1e-2);
  EXPECT_NEAR(sums.mean, 0.4616, 1e-3);
}

SamplerOptions euler(SamplerKind kind, Prediction prediction = Prediction::kEpsilon) {
  SamplerOptions options = linear(kind, prediction);
  options.train_steps = 1100;
  return options;
}

void expect_euler_sums(const SamplerOptions& options, double sum, double mean) {
  const auto sampler = make_sampler(options);
  const at::Tensor x = ramp().mul(sampler->init_noise_sigma());
  const Sums sums = run(*sampler, x, /*feeds_scaled_back=*/true);
  EXPECT_NEAR(sums.sum, sum, 1e-2);
  EXPECT_NEAR(sums.mean, mean, 1e-3);
}

TEST(SamplerSums, Euler) {
  expect_euler_sums(euler(SamplerKind::kEuler), 10.0807, 0.0131);
  expect_euler_sums(euler(SamplerKind::kEuler, Prediction::kV), 0.0002, 2.2676e-06);

  SamplerOptions karras = euler(SamplerKind::kEuler);
  karras.karras = true;
  expect_euler_sums(karras, 124.52299499511719, 0.16213932633399963);
}

TEST(SamplerSums, EulerAncestral) {
  expect_euler_sums(euler(SamplerKind::kEulerAncestral), 152.3192, 0.1983);
  expect_euler_sums(euler(SamplerKind::kEulerAncestral, Prediction::kV), 108.4439, 0.1412);
}

SamplerOptions dpm(Prediction prediction = Prediction::kEpsilon) {
  SamplerOptions options = linear(SamplerKind::kDpm2m, prediction);
  options.final_sigma_is_min = true;
  options.lower_order_final = false;
  return options;
}

TEST(SamplerSums, Dpm2m) {
  expect_sums(dpm(), 253.5529, 0.3301);
  expect_sums(dpm(Prediction::kV), 172.8763, 0.2251);

  SamplerOptions karras = dpm(Prediction::kV);
  karras.karras = true;
  expect_sums(karras, 160.6655, 0.2096);
}

TEST(SamplerSums, Dpm2mFromTheMiddle) {
  const auto sampler = make_sampler(dpm());
  sampler->start_at(5);
  const Sums sums = run(*sampler, sampler->add_noise(ramp(), reversed_ramp(), 5));

  EXPECT_NEAR(sums.sum, 318.4111, 1e-2);
  EXPECT_NEAR(sums.mean, 0.4146, 1e-3);
}

TEST(SamplerSums, Lcm) {
  SamplerOptions options = options_of_kind(SamplerKind::kLcm);
  options.steps = 1;
  expect_sums(options, 18.7097, 0.0244);
  options.steps = 10;
  expect_sums(options, 197.7616, 0.2575);
}

/// No published sum for the PLMS-only form; this one was computed from the formulas in fp64.
TEST(SamplerSums, Pndm) { expect_sums(linear(SamplerKind::kPndm), 197.7154, 0.25744); }

}  // namespace
}  // namespace stylus::generator
