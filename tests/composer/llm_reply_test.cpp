#include "composer/llm_reply.h"

#include <gmock/gmock.h>

#include "tests/chat/mutations.h"

namespace stylus::composer {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPrompt = "A stormy lighthouse, no boats, (Ukiyo-e:1.2), caf\xC3\xA9 scene";

std::string_view searchable() {
  static const std::string kText = read_prompt(kPrompt).searchable;
  return kText;
}

std::string text_of(const Topic& topic) {
  return std::string(kPrompt).substr(topic.span.begin, topic.span.end - topic.span.begin);
}

Selection read(const std::string& reply, const std::vector<std::size_t>& allowed = {}) {
  return read_selection(reply, searchable(), 5, allowed);
}

std::string topic(const std::string& name, const std::string& adapters = "") {
  return R"({"topics": [{"topic": ")" + name + R"(", "adapters": [)" + adapters + "]}]}";
}

TEST(ReadSelection, FindsTopicsInThePrompt) {
  const Selection selection = read(
      R"({"topics": [{"topic": "ukiyo-e", "adapters": [{"number": 2, "reason": "a print style"}]},
                     {"topic": "stormy  LIGHTHOUSE", "adapters": []}]})");

  EXPECT_THAT(selection.problems, IsEmpty());
  ASSERT_EQ(selection.topics.size(), 2U);
  EXPECT_EQ(text_of(selection.topics[0]), "stormy lighthouse");
  EXPECT_EQ(text_of(selection.topics[1]), "Ukiyo-e");
  EXPECT_EQ(selection.topics[1].span.query, "ukiyo-e");
  ASSERT_EQ(selection.topics[1].picks.size(), 1U);
  EXPECT_EQ(selection.topics[1].picks[0].number, 2U);
  EXPECT_EQ(selection.topics[1].picks[0].reason, "a print style");
}

TEST(ReadSelection, RefusesWordsThatThePromptLacks) {
  for (const char* name : {"castle", "lighthouse stormy", "light", "house", "boats", "no boats",
                           "1.2", "caf", "", "lighthouse, no"}) {
    EXPECT_EQ(read(topic(name)).problems.size(), 1U) << name;
  }
}

TEST(ReadSelection, RefusesAdaptersThatWereNotOffered) {
  for (const char* number :
       {"0", "6", "-1", "1.5", "\"2\"", "null", "99999999999999999999", "[1]"}) {
    const std::string pick = std::string(R"({"number": )") + number + R"(, "reason": "r"})";
    const Selection selection = read(topic("lighthouse", pick));
    EXPECT_THAT(selection.problems, Contains(HasSubstr("not in the list"))) << number;
    EXPECT_THAT(selection.topics.at(0).picks, IsEmpty());
  }
}

TEST(ReadSelection, HoldsTheRules) {
  for (const char* pick : {R"({"number": 1})", R"({"number": 1, "reason": "..."})"}) {
    EXPECT_THAT(read(topic("lighthouse", pick)).problems, Contains(HasSubstr("no \"reason\"")));
  }
  EXPECT_THAT(
      read(topic("lighthouse", R"({"number":1,"reason":"r"},{"number":1,"reason":"r"})")).problems,
      Contains(HasSubstr("more than once")));
  EXPECT_THAT(
      read(
          topic(
              "lighthouse",
              R"({"number":1,"reason":"r"},{"number":2,"reason":"r"},{"number":3,"reason":"r"},{"number":4,"reason":"r"})"))
          .problems,
      Contains(HasSubstr("more than three")));
  EXPECT_THAT(read(R"({"topics":[{"topic":"stormy lighthouse"},{"topic":"lighthouse"}]})").problems,
              Contains(HasSubstr("overlaps")));
  EXPECT_THAT(read("I choose adapter 1.").problems, Contains(HasSubstr("no JSON object")));
  EXPECT_THAT(read(topic("lighthouse", R"({"number":3,"reason":"r"})"), {1, 2}).problems,
              Contains(HasSubstr("not in your first choice")));
}

TEST(ReadSelection, TellsTwoPlacesOfAWordApart) {
  const std::string prompt = "a cat and a cat";
  const Selection selection = read_selection(
      R"({"topics":[{"topic":"cat","adapters":[]},{"topic":"cat","adapters":[]}]})", prompt, 5);

  ASSERT_EQ(selection.topics.size(), 2U);
  EXPECT_EQ(selection.topics[0].span.begin, 2U);
  EXPECT_EQ(selection.topics[1].span.begin, 12U);
}

TEST(FindPhrase, WorksInScriptsWithoutBlanks) {
  const std::string text = "\xE6\xB5\xB7\xE8\xBE\xB9\xE7\x81\xAF\xE5\xA1\x94";
  const auto found = find_phrase(text, "\xE7\x81\xAF\xE5\xA1\x94");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->begin, 6U);
  EXPECT_EQ(found->end, 12U);
}

TEST(ReadSelection, SurvivesTenThousandBrokenReplies) {
  const std::string good =
      R"({"topics": [{"topic": "lighthouse", "adapters": [{"number": 1, "reason": "a tower by the sea"}]},
                     {"topic": "Ukiyo-e", "adapters": [{"number": 2, "reason": "a print"}, {"number": 3, "reason": "ink"}]}]})";
  std::mt19937_64 random(3);
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string reply = chat::mutated(good, random);

    const Selection selection = read(reply);

    accepted += selection.problems.empty() ? 1 : 0;
    std::size_t last = 0;
    std::set<std::size_t> used;
    for (const Topic& each : selection.topics) {
      ASSERT_LE(last, each.span.begin) << reply;
      ASSERT_LT(each.span.begin, each.span.end) << reply;
      ASSERT_LE(each.span.end, searchable().size()) << reply;
      ASSERT_LE(each.picks.size(), kMostPicksOfTopic) << reply;
      last = each.span.end;
      for (const Topic::Pick& pick : each.picks) {
        ASSERT_TRUE(pick.number >= 1 && pick.number <= 5) << reply;
        ASSERT_TRUE(used.insert(pick.number).second) << reply;
        ASSERT_FALSE(pick.reason.empty()) << reply;
      }
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 10'000);
}

}  // namespace
}  // namespace stylus::composer
