#include "composer/mix.h"

#include <gtest/gtest.h>

#include "tests/error_code_of.h"

namespace stylus::composer {
namespace {

MixPart part(double base, double norm = 1, bool fixed = false, std::size_t picks = 1) {
  MixPart each;
  each.evidence.base = base;
  each.calibrated_norm = norm;
  each.fixed = fixed;
  each.picks = picks;
  return each;
}

TEST(MixWeights, LeavesOneOrdinaryAdapterAlone) {
  EXPECT_EQ(mix_weights({part(0.8)}, WeightRule::kBudget, 1.5), (std::vector<double>{0.8}));
}

TEST(MixWeights, HoldsTheSumUnderTheBudget) {
  const auto weights = mix_weights({part(1), part(1)}, WeightRule::kBudget, 1.5);

  EXPECT_NEAR(weights[0] + weights[1], 1.5, 1e-12);
}

TEST(MixWeights, CountsHugeUpdatesForMore) {
  const auto weights = mix_weights({part(1, 2), part(1, 1)}, WeightRule::kBudget, 1.5);

  EXPECT_NEAR(2 * weights[0] + weights[1], 1.5, 1e-12);
}

TEST(MixWeights, NeverRaisesAWeight) {
  EXPECT_EQ(mix_weights({part(0.3, 0.5)}, WeightRule::kBudget, 1.5), (std::vector<double>{0.3}));
}

TEST(MixWeights, LeavesPinnedWeightsAndShrinksTheOthers) {
  const auto weights = mix_weights({part(1.2, 1, true), part(0.8)}, WeightRule::kBudget, 1.5);

  EXPECT_EQ(weights[0], 1.2);
  EXPECT_NEAR(weights[1], 0.3, 1e-12);
}

TEST(MixWeights, KeepsAQuarterWhenPinnedWeightsTakeAll) {
  EXPECT_NEAR(mix_weights({part(5, 1, true), part(0.8)}, WeightRule::kBudget, 1.5)[1], 0.2, 1e-12);
}

TEST(MixWeights, ShrinksNegativeWeightsTowardsZero) {
  const auto weights = mix_weights({part(-1), part(1)}, WeightRule::kBudget, 1.5);

  EXPECT_NEAR(weights[0], -0.75, 1e-12);
}

TEST(MixWeights, FollowsThePaper) {
  const auto weights = mix_weights({part(0.8), part(1, 1, false, 2)}, WeightRule::kPaper, 1.5);

  EXPECT_NEAR(weights[0], 0.64, 1e-12);
  EXPECT_NEAR(weights[1], 0.4, 1e-12);
}

TEST(MixWeights, HoldsAnAdapterThatWasTrainedTooHardFarBelowATypicalOne) {
  MixPart burnt = part(1.5, 10);
  const std::vector<double> weights = mix_weights({burnt, part(0.8, 1)}, WeightRule::kBudget, 1.5);
  EXPECT_LE(weights[0] * 10, 0.34);
  EXPECT_GT(weights[0], 0);
  EXPECT_NEAR(weights[1], 0.8, 1e-12) << "the others keep theirs";

  burnt.fixed = true;
  EXPECT_EQ(mix_weights({burnt}, WeightRule::kBudget, 1.5)[0], 1.5) << "the user's own";
}

TEST(MixWeights, RejectsAnEmptyBudget) {
  EXPECT_EQ(error_code_of([] { return mix_weights({}, WeightRule::kBudget, 0); }),
            ErrorCode::kInvalidArgument);
}

TEST(WeightEvidence, PrefersThePlanThenTheUserThenTheCard) {
  catalog::Adapter adapter;
  adapter.advice = {0.6, catalog::WeightSource::kExamplePrompts, 12, ""};

  EXPECT_EQ(weight_evidence(adapter, std::nullopt).source, "example_prompts");
  EXPECT_EQ(weight_evidence(adapter, std::nullopt).count, 12);
  adapter.overlay.weight = 0.9;
  EXPECT_EQ(weight_evidence(adapter, std::nullopt).base, 0.9);
  EXPECT_EQ(weight_evidence(adapter, 0.2).base, 0.2);
  EXPECT_EQ(weight_evidence(adapter, 0.2).source, "user");
}

TEST(CalibratedNorm, ComparesWithTheTypicalAdapterOfItsKind) {
  catalog::Adapter adapter;
  adapter.bases = {"sd15"};
  adapter.frobenius_norm = 33;

  EXPECT_NEAR(calibrated_norm(adapter, {{"sd15 lora", 22}}), 1.5, 1e-12);
  EXPECT_EQ(calibrated_norm(adapter, {{"sdxl lora", 22}}), 1);
  adapter.frobenius_norm = 132;
  EXPECT_EQ(calibrated_norm(adapter, {{"sd15 lora", 22}}), 2);
  adapter.frobenius_norm = 220;
  EXPECT_EQ(calibrated_norm(adapter, {{"sd15 lora", 22}}), 10);
  adapter.frobenius_norm = 0;  // no file was read
  EXPECT_EQ(calibrated_norm(adapter, {{"sd15 lora", 22}}), 1);
}

}  // namespace
}  // namespace stylus::composer
