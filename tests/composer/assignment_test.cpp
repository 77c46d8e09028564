#include "composer/assignment.h"

#include <gmock/gmock.h>

namespace stylus::composer {
namespace {

using testing::ElementsAre;
using Outcome = Decision::Outcome;

Proposal proposal(std::size_t keyword, catalog::AdapterRow row, double confidence) {
  Proposal each;
  each.keyword = keyword;
  each.row = row;
  each.confidence = confidence;
  each.sure_enough = confidence >= 0.1;
  return each;
}

struct Cards {
  std::set<catalog::AdapterRow> styles;
  std::set<catalog::AdapterRow> unsupported;
  std::map<catalog::AdapterRow, std::set<std::string>> words;
};

std::vector<Outcome> outcomes(const std::vector<Proposal>& proposals,
                              const AssignmentOptions& options, const AlreadyInPlan& pinned = {},
                              const Cards& cards = {}) {
  std::vector<Outcome> outcomes;
  for (const Decision& decision : assign(proposals, options, pinned, [&](const Proposal& each) {
         const auto words = cards.words.find(each.row);
         return Support{cards.unsupported.count(each.row) == 0, cards.styles.count(each.row) != 0,
                        words == cards.words.end() ? std::set<std::string>{} : words->second};
       })) {
    outcomes.push_back(decision.outcome);
  }
  return outcomes;
}

TEST(Assign, GivesEachAdapterOneKeyword) {
  EXPECT_THAT(outcomes({proposal(0, 7, 0.9), proposal(1, 7, 0.8), proposal(1, 8, 0.7)}, {}),
              ElementsAre(Outcome::kPicked, Outcome::kServesAnother, Outcome::kPicked));
}

TEST(Assign, GivesAKeywordOneAdapterUnlessToldOtherwise) {
  const std::vector<Proposal> proposals = {proposal(0, 1, 0.9), proposal(0, 2, 0.8)};
  AssignmentOptions two;
  two.max_per_keyword = 2;

  EXPECT_THAT(outcomes(proposals, {}), ElementsAre(Outcome::kPicked, Outcome::kKeywordFull));
  EXPECT_THAT(outcomes(proposals, two), ElementsAre(Outcome::kPicked, Outcome::kPicked));
}

TEST(Assign, LeavesOutWhatNothingSpeaksForAndGoesOn) {
  EXPECT_THAT(outcomes({proposal(0, 1, 0.9), proposal(0, 2, 0.8)}, {}, {}, Cards{{}, {1}, {}}),
              ElementsAre(Outcome::kUnsure, Outcome::kPicked));
}

TEST(Assign, GivesAStyleAndAThingOfOneKeywordAnAdapterEach) {
  // "line art car": 1 is a style for "line art", 2 and 3 are for "car".
  const std::vector<Proposal> proposals = {proposal(0, 1, 0.9), proposal(0, 2, 0.8),
                                           proposal(0, 3, 0.7)};
  AssignmentOptions three;
  three.max_adapters = 3;
  const Cards cards = {{1}, {}, {{1, {"line", "art"}}, {2, {"car"}}, {3, {"car"}}}};

  EXPECT_THAT(outcomes(proposals, three, {}, cards),
              ElementsAre(Outcome::kPicked, Outcome::kPicked, Outcome::kKeywordFull));
  const Cards same_word = {{1}, {}, {{1, {"art"}}, {2, {"art"}}, {3, {}}}};
  EXPECT_THAT(outcomes(proposals, three, {}, same_word),
              ElementsAre(Outcome::kPicked, Outcome::kKeywordFull, Outcome::kKeywordFull));
}

TEST(Assign, NeverGivesAKeywordFourAdapters) {
  AssignmentOptions many;
  many.max_per_keyword = 9;
  many.max_adapters = 9;

  EXPECT_THAT(
      outcomes({proposal(0, 1, 0.9), proposal(0, 2, 0.8), proposal(0, 3, 0.7), proposal(0, 4, 0.6)},
               many),
      ElementsAre(Outcome::kPicked, Outcome::kPicked, Outcome::kPicked, Outcome::kKeywordFull));
}

TEST(Assign, StopsAtTwoAdaptersAPlan) {
  EXPECT_THAT(outcomes({proposal(0, 1, 0.9), proposal(1, 2, 0.8), proposal(2, 3, 0.7)}, {}),
              ElementsAre(Outcome::kPicked, Outcome::kPicked, Outcome::kPlanFull));
}

TEST(Assign, HoldsTheNumberOfStyles) {
  AssignmentOptions options;
  options.max_adapters = 3;
  options.max_styles = 1;

  EXPECT_THAT(outcomes({proposal(0, 1, 0.9), proposal(1, 2, 0.8), proposal(2, 3, 0.7)}, options, {},
                       Cards{{1, 2}, {}, {}}),
              ElementsAre(Outcome::kPicked, Outcome::kTooManyStyles, Outcome::kPicked));
  EXPECT_EQ(reason_of(Outcome::kTooManyStyles, AssignmentOptions{}), "two style adapters already");
}

TEST(Assign, LeavesOutWhatIsNotSure) {
  EXPECT_THAT(outcomes({proposal(0, 1, 0.05)}, {}), ElementsAre(Outcome::kUnsure));
}

TEST(Assign, CountsPinnedAdapters) {
  AlreadyInPlan pinned;
  pinned.rows = {9, 10};

  EXPECT_THAT(outcomes({proposal(0, 1, 0.9), proposal(0, 9, 0.8)}, {}, pinned),
              ElementsAre(Outcome::kPlanFull, Outcome::kServesAnother));
}

}  // namespace
}  // namespace stylus::composer
