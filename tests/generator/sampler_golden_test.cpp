// Every sampler against diffusers' scheduler of the same config: timesteps, sigmas, one step, the
// whole loop. Cases and layout: tests/golden/goldens/generator_samplers.py.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tanh.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "generator/noise.h"
#include "generator/sampler.h"
#include "tests/generator/golden_file.h"

namespace stylus::generator {
namespace {

using nlohmann::json;

/// The script's stand-in for a model.
at::Tensor model(const at::Tensor& x, double t) {
  return x.mul(0.6).add(at::tanh(x).mul(0.2 * t / 1000.0)).add(0.05);
}

at::Tensor start() {
  return at::arange(32, at::TensorOptions().dtype(at::kFloat))
      .mul(0.37)
      .sin()
      .reshape({2, 1, 4, 4});
}

class Case {
 public:
  Case(const GoldenFile& file, const json& facts)
      : name_(facts.at("case").get<std::string>()), facts_(facts), data_(file.tensor(name_)) {
    options_ = read_sampler_options(facts.at("config").dump(), name_);
    options_.steps = facts.at("steps").get<std::int64_t>();
    options_.eta = facts.value("eta", 0.0);
    sampler_ = make_sampler(options_);
  }

  void check_tables() {
    const std::int64_t n = facts_.at("timesteps").get<std::int64_t>();
    const std::int64_t m = facts_.at("sigmas").get<std::int64_t>();
    expect_near(std::vector<double>(sampler_->timesteps()), take(n), "timesteps");
    // Schedulers that work on alpha_bar keep a table of sigmas that nothing reads.
    const at::Tensor sigmas = take(m);
    if (!sampler_->sigmas().empty()) {
      expect_near({sampler_->sigmas().begin(), sampler_->sigmas().end()}, sigmas, "sigmas");
    }
  }

  void check_runs() {
    Noise noise({11, 12});
    at::Tensor x = start().mul(sampler_->init_noise_sigma());
    if (facts_.at("kind") == "img2img") {
      sampler_->start_at(sampler_->start_for_strength(facts_.at("strength").get<double>()));
      EXPECT_EQ(sampler_->first(), facts_.at("begin").get<std::size_t>()) << name_;
      x = sampler_->add_noise(start(), Noise({11, 12}).draw_like(x), sampler_->first());
      expect_near(x, take(32), "noised");
    } else {
      EXPECT_NEAR(sampler_->init_noise_sigma(), facts_.at("init").get<double>(), 1e-5) << name_;
    }
    for (std::size_t i = sampler_->first(); i < sampler_->timesteps().size(); ++i) {
      const at::Tensor out = model(sampler_->scale_input(x, i), sampler_->timesteps()[i]);
      x = sampler_->step(out, i, x, noise);
      if (i == 0) {
        expect_near(x, take(32), "first step");
      }
    }
    expect_near(x, take(32), "last step");
    EXPECT_EQ(at_, data_.numel()) << name_;
  }

 private:
  at::Tensor take(std::int64_t count) {
    at_ += count;
    return data_.slice(0, at_ - count, at_);
  }

  void expect_near(const at::Tensor& actual, const at::Tensor& expected, const char* what) const {
    const at::Tensor difference = actual.flatten().sub(expected).abs();
    const double scale = std::max(expected.abs().max().item<double>(), 1e-3);
    const std::int64_t where = difference.argmax().item<std::int64_t>();
    EXPECT_LE(difference.max().item<double>(), 1e-5 * scale)
        << name_ << ", " << what << "[" << where << "]: " << actual.flatten()[where].item<double>()
        << ", expected " << expected[where].item<double>();
  }

  void expect_near(const std::vector<double>& actual, const at::Tensor& expected,
                   const char* what) const {
    ASSERT_EQ(static_cast<std::int64_t>(actual.size()), expected.numel()) << name_ << ", " << what;
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const double value = expected[static_cast<std::int64_t>(i)].item<double>();
      EXPECT_NEAR(actual[i], value, 1e-5 * std::max(std::abs(value), 1e-3))
          << name_ << ", " << what << "[" << i << "]";
    }
  }

  std::string name_;
  json facts_;
  at::Tensor data_;
  std::int64_t at_ = 0;
  SamplerOptions options_;
  std::unique_ptr<Sampler> sampler_;
};

TEST(SamplerGoldens, AllCasesAreAsDiffusersHasThem) {
  const GoldenFile file("samplers.safetensors");
  const json cases = json::parse(file.metadata("cases"));
  ASSERT_GT(cases.size(), 350U);
  for (const json& facts : cases) {
    Case one(file, facts);
    one.check_tables();
    one.check_runs();
  }
}

}  // namespace
}  // namespace stylus::generator
