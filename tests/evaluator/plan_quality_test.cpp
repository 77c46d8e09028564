#include "evaluator/plan_quality.h"

#include <gtest/gtest.h>

#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

composer::Plan plan(const std::string& id, const std::vector<std::string>& adapters,
                    const std::vector<std::pair<std::size_t, std::size_t>>& spans = {}) {
  composer::Plan result;
  result.id = id;
  result.prompt = "a red fox in the snow";
  for (const std::string& adapter : adapters) {
    result.adapters.emplace_back().id = adapter;
  }
  for (const auto& [begin, end] : spans) {
    composer::Keyword& keyword = result.keywords.emplace_back();
    keyword.begin = begin;
    keyword.end = end;
    keyword.decision = "covered";
  }
  return result;
}

const auto kAllKnown = [](std::string_view) { return true; };

TEST(PlanQuality, ComparesAdaptersAndKeywords) {
  const std::vector<composer::Plan> mine = {plan("1", {"a", "b"}, {{6, 9}}), plan("2", {})};
  const std::vector<composer::Plan> theirs = {plan("1", {"a", "c", "d"}, {{6, 9}, {17, 21}}),
                                              plan("2", {})};

  const PlanQuality found = plan_quality(mine, theirs, kAllKnown);

  EXPECT_EQ(found.prompts, 2U);
  EXPECT_NEAR(found.precision.value, (0.5 + 1) / 2, 1e-12);
  EXPECT_NEAR(found.recall.value, (1.0 / 3 + 1) / 2, 1e-12);
  EXPECT_NEAR(found.f1.value, (0.4 + 1) / 2, 1e-12);
  EXPECT_EQ(found.any_hit.value, 1);  // the prompt whose reference has adapters
  EXPECT_NEAR(found.span_f1.value, (2.0 / 3 + 1) / 2, 1e-12);
  EXPECT_NEAR(found.word_f1.value, (6.0 / 10 + 1) / 2, 1e-12);  // 3 bytes of 3 and 7
  EXPECT_EQ(found.coverage_agreement.value, 1);
}

TEST(PlanQuality, TheCeilingIsWhatThisCatalogueCouldReach) {
  const std::vector<composer::Plan> theirs = {plan("1", {"a", "b"}), plan("2", {"b"})};
  const PlanQuality found = plan_quality({}, theirs, [](std::string_view id) { return id == "a"; });

  EXPECT_EQ(found.missing, 2U);
  EXPECT_EQ(found.f1.value, 0);
  EXPECT_NEAR(found.f1_ceiling.value, (2.0 / 3 + 0) / 2, 1e-12);
  EXPECT_EQ(found.hit_ceiling.value, 0.5);
}

TEST(PlanQuality, RefusesPlansThatCannotBeMatched) {
  EXPECT_EQ(error_code_of([] { return plan_quality({}, {}, kAllKnown); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_code_of([] {
              return plan_quality({}, {plan("1", {}), plan("1", {})}, kAllKnown);
            }),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::evaluator
