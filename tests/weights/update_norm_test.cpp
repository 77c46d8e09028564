#include "weights/update_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"

namespace stylus::weights {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// Sums of some thousand doubles in another order than numpy's.
constexpr double kRelative = 1e-12;

nlohmann::json golden_norms() {
  std::ifstream file(std::string(STYLUS_TESTS_DIR) + "/golden/weights/norms.json");
  EXPECT_TRUE(file) << "the golden norms are missing";
  return nlohmann::json::parse(file);
}

const Target& target_named(const AdapterFacts& facts, const std::string& name) {
  for (const Target& target : facts.targets) {
    if (target.name == name) {
      return target;
    }
  }
  ADD_FAILURE() << "no target " << name;
  static const Target none;
  return none;
}

TEST(UpdateNormTest, AgreesWithTheFormedUpdatesInEveryStorageType) {
  const nlohmann::json goldens = golden_norms();
  for (const auto& [name, golden] : goldens.items()) {
    const AdapterFacts facts = read_adapter_file(std::string(STYLUS_TESTS_DIR) +
                                                 "/golden/weights/" + name + ".safetensors");

    EXPECT_EQ(facts.dtype, golden["dtype"]) << name;
    EXPECT_EQ(facts.targets.size(), golden["targets"].size()) << name;
    EXPECT_TRUE(facts.unknown_keys.empty()) << name;
    for (const auto& [layer, norm] : golden["targets"].items()) {
      const double expected = norm.get<double>();
      EXPECT_NEAR(target_named(facts, layer).frobenius_norm, expected, kRelative * expected)
          << name << " " << layer;
    }
    const double total = golden["total"].get<double>();
    EXPECT_NEAR(facts.frobenius_norm, total, kRelative * total) << name;
  }
}

double norm_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) {
    sum += value * value;
  }
  return std::sqrt(sum);
}

AdapterFacts facts_of(const SafetensorsBuilder& file) {
  const std::string bytes = file.bytes();
  return read_adapter_bytes(as_bytes(bytes), "test file");
}

/// The worked values of formats-and-protocols 1.7.
TEST(UpdateNormTest, AgreesWithTheWorkedExamples) {
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";

  const AdapterFacts lora = facts_of(SafetensorsBuilder()
                                         .add_f32(layer + "lora_up.weight", {3, 1}, {1, 2, 0})
                                         .add_f32(layer + "lora_down.weight", {1, 2}, {1, -1})
                                         .add_f32(layer + "alpha", {}, {0.5F}));
  EXPECT_NEAR(lora.frobenius_norm, norm_of({0.5, -0.5, 1, -1}), 1e-12);

  const AdapterFacts loha = facts_of(SafetensorsBuilder()
                                         .add_f32(layer + "hada_w1_a", {2, 2}, {1, 0, 2, 1})
                                         .add_f32(layer + "hada_w1_b", {2, 2}, {1, 2, 0, 1})
                                         .add_f32(layer + "hada_w2_a", {2, 2}, {1, 1, 0, 1})
                                         .add_f32(layer + "hada_w2_b", {2, 2}, {1, 0, 3, 1})
                                         .add_f32(layer + "alpha", {}, {1}));
  EXPECT_NEAR(loha.frobenius_norm, norm_of({2, 1, 3, 2.5}), 1e-12);

  const AdapterFacts lokr = facts_of(SafetensorsBuilder()
                                         .add_f32(layer + "lokr_w1", {2, 2}, {1, 2, 0, -1})
                                         .add_f32(layer + "lokr_w2", {2, 2}, {1, 0, 2, 3})
                                         .add_f32(layer + "alpha", {}, {17}));
  EXPECT_NEAR(lokr.frobenius_norm, norm_of({1, 2, 2, 3, 4, 6, -1, -2, -3}), 1e-12);

  const AdapterFacts tucker =
      facts_of(SafetensorsBuilder()
                   .add_f32(layer + "lora_up.weight", {2, 2, 1, 1}, {1, 0, 2, 1})
                   .add_f32(layer + "lora_down.weight", {2, 1, 1, 1}, {1, 3})
                   .add_f32(layer + "lora_mid.weight", {2, 2, 1, 1}, {1, 2, 0, 1}));
  EXPECT_NEAR(tucker.frobenius_norm, norm_of({7, 17}), 1e-12);
}

TEST(UpdateNormTest, SaysWhatItCannotKnowOfDora) {
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";

  const AdapterFacts facts = facts_of(SafetensorsBuilder()
                                          .add_f32(layer + "lora_up.weight", {2, 1}, {3, 0})
                                          .add_f32(layer + "lora_down.weight", {1, 2}, {0, 1})
                                          .add_f32(layer + "dora_scale", {2, 1}, {10, 1}));

  ASSERT_EQ(facts.targets.size(), 1U);
  EXPECT_TRUE(facts.targets[0].is_dora);
  EXPECT_TRUE(std::isnan(facts.targets[0].frobenius_norm));
  EXPECT_NEAR(facts.targets[0].additive_norm, 3, 1e-12);
  EXPECT_TRUE(std::isnan(facts.frobenius_norm));
  EXPECT_THAT(facts.warnings, Contains(HasSubstr("depend on the base model's weights")));
}

TEST(UpdateNormTest, ReportsNumbersThatAreNone) {
  const std::string layer = "lora_unet_mid_block_attentions_0_";

  const AdapterFacts facts =
      facts_of(SafetensorsBuilder()
                   .add_f32(layer + "proj_in.lora_up.weight", {2, 1}, {NAN, 0})
                   .add_f32(layer + "proj_in.lora_down.weight", {1, 2}, {0, 1})
                   .add_f32(layer + "proj_out.lora_up.weight", {2, 1}, {0, 0})
                   .add_f32(layer + "proj_out.lora_down.weight", {1, 2}, {0, 1}));

  EXPECT_THAT(facts.warnings, Contains(HasSubstr("1 of 2 targets hold numbers that are not")));
  EXPECT_THAT(facts.warnings, Contains("1 of 2 targets are all zero"));
  EXPECT_EQ(facts.frobenius_norm, 0);
}

TEST(UpdateNormTest, RefusesToMultiplyFactorsThatOnlyAHostileFileHas) {
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";

  const AdapterFacts facts = facts_of(SafetensorsBuilder()
                                          .add_f32(layer + "lora_up.weight", {0, 1LL << 50}, {})
                                          .add_f32(layer + "lora_down.weight", {1LL << 50, 0}, {}));

  ASSERT_EQ(facts.targets.size(), 1U);
  EXPECT_TRUE(std::isnan(facts.targets[0].frobenius_norm));
  EXPECT_THAT(facts.warnings, Contains(HasSubstr("no norm for")));
}

}  // namespace
}  // namespace stylus::weights
