#include "app/plan_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stylus::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

composer::Plan plan_with(const std::vector<std::string>& ids, double weight = 0.8) {
  composer::Plan plan;
  plan.prompt = "a bus";
  composer::Keyword keyword;
  keyword.text = "bus";
  plan.keywords = {keyword};
  for (const std::string& id : ids) {
    composer::PlanAdapter adapter;
    adapter.id = id;
    adapter.name = "Name of " + id;
    adapter.weight = weight;
    adapter.keywords = {0};
    plan.adapters.push_back(adapter);
  }
  return plan;
}

std::vector<std::string> told(const std::vector<PlanChange>& changes) {
  std::vector<std::string> lines;
  for (const PlanChange& change : changes) {
    lines.push_back(std::string(change_name(change.kind)) + " " + change.adapter_id + " " +
                    change.what);
  }
  return lines;
}

TEST(PlanDiff, EqualPlansHaveNone) {
  EXPECT_THAT(plan_changes(plan_with({"a"}), plan_with({"a"}, 0.802)), IsEmpty());
}

TEST(PlanDiff, TellsWhatCameAndWentAndForWhat) {
  EXPECT_THAT(told(plan_changes(plan_with({"a", "b"}), plan_with({"b", "c"}))),
              ElementsAre("lost a bus", "gained c bus"));
}

TEST(PlanDiff, TellsWeightsTriggersAndKeywords) {
  composer::Plan after = plan_with({"a"}, 0.6);
  after.adapters[0].triggers = {{"red bus", true}};
  after.keywords[0].text = "red bus";

  EXPECT_THAT(told(plan_changes(plan_with({"a"}), after)),
              ElementsAre("weight a 0.8 \u2192 0.6", "triggers a none \u2192 red bus (inserted)",
                          "keywords  bus \u2192 red bus"));
}

}  // namespace
}  // namespace stylus::app
