#include "evaluator/comparisons.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace stylus::evaluator {
namespace {

using nlohmann::json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Manifest run_of(const json& methods, const json& guidance) {
  return read_manifest(json{{"stylus_run", 1},
                            {"prompts", {"a", "b", "c"}},
                            {"methods", methods},
                            {"guidance", guidance}}
                           .dump(),
                       "run", "/");
}

GroupFigures group(const std::string& method, double guidance, std::vector<double> scores) {
  GroupFigures result;
  result.model = "mini";
  result.method = method;
  result.guidance = guidance;
  result.presence_per_prompt.assign(scores.size(), kNone);
  result.per_prompt = std::move(scores);
  return result;
}

TEST(Comparisons, AreOfTheMeanOverGuidanceToo) {
  const std::vector<Comparison> found =
      compare_methods(run_of({"stylus", "base"}, {1, 2}),
                      {group("stylus", 1, {5, 6, 7}), group("base", 1, {1, 1, 1}),
                       group("stylus", 2, {1, 2, 3}), group("base", 2, {1, 1, 1})});

  ASSERT_EQ(found.size(), 3U);  // all, 1, 2
  EXPECT_FALSE(found[0].guidance.has_value());
  EXPECT_EQ(found[0].first, "stylus");  // the plainer one comes second, whatever the order
  EXPECT_EQ(found[0].difference.value, 3);
  EXPECT_EQ(found[0].wins.wins, 3U);
  EXPECT_EQ(found[1].difference.value, 5);
  EXPECT_EQ(found[2].difference.value, 1);
}

TEST(Comparisons, LeaveOutPromptsThatOneMethodLacks) {
  const std::vector<Comparison> found =
      compare_methods(run_of({"base", "random"}, {1}),
                      {group("base", 1, {1, kNone, 1}), group("random", 1, {2, 9, 2})});

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].prompts, 2U);
  EXPECT_EQ(found[0].difference.value, 1);
}

TEST(Comparisons, OfWhatWasNotMeasuredAreNotThere) {
  EXPECT_TRUE(
      compare_methods(run_of({"base", "random"}, {1}), {group("base", 1, {kNone, kNone, kNone}),
                                                        group("random", 1, {kNone, kNone, kNone})})
          .empty());
}

}  // namespace
}  // namespace stylus::evaluator
