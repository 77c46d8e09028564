#include "composer/triggers.h"

#include <gtest/gtest.h>

namespace stylus::composer {
namespace {

/// "text" for one that the prompt holds, "+text" for an inserted one.
std::vector<std::string> chosen(const std::vector<std::string>& triggers, std::string_view prompt,
                                bool may_insert = true) {
  std::vector<std::string> texts;
  for (const PlanTrigger& trigger : choose_triggers(
           triggers, prompt, [](std::string_view phrase) { return phrase == "1girl"; },
           may_insert)) {
    texts.push_back((trigger.inserted ? "+" : "") + trigger.text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ChooseTriggers, InsertsTheFirstThatIsSpecific) {
  EXPECT_EQ(chosen({"1girl", "ukiyo-e", "woodblock"}, "a lighthouse"), Texts{"+ukiyo-e"});
}

TEST(ChooseTriggers, InsertsNothingWhenThePromptHasOne) {
  EXPECT_EQ(chosen({"ming style", "tang style"}, "tang styles dress"), Texts{"tang style"});
}

TEST(ChooseTriggers, ReadsAnEntryWithCommasAsAGroup) {
  EXPECT_EQ(chosen({"orla, green cloak, 1girl"}, "a forest"), (Texts{"+orla", "+green cloak"}));
}

TEST(ChooseTriggers, NeverInsertsALongList) {
  EXPECT_EQ(chosen({"b c d e f g h i j k l m n o p q r s t u v w x y z"}, "a forest"), Texts{});
  EXPECT_EQ(chosen({"b, c, d, e, f, g"}, "a forest"), (Texts{"+b", "+c", "+d"}));
}

TEST(ChooseTriggers, NeverInsertsGenericWords) {
  EXPECT_EQ(chosen({"1girl"}, "a forest"), Texts{});
}

TEST(ChooseTriggers, InsertsNothingWhenTold) {
  EXPECT_EQ(chosen({"orla"}, "a forest", false), Texts{});
}

TEST(ChooseTriggers, StripsSyntaxOfTheCard) {
  EXPECT_EQ(chosen({"(orla:1.2) <lora:orla:1>"}, "a forest"), Texts{"+orla"});
}

TEST(WithTriggers, AppendsEachOnce) {
  PlanAdapter one;
  one.triggers = {{"orla", true}, {"cloak", false}};
  PlanAdapter two;
  two.triggers = {{"Orla", true}, {"ukiyo-e", true}};

  EXPECT_EQ(with_triggers("a forest, ", {one, two}), "a forest, orla, ukiyo-e");
  EXPECT_EQ(with_triggers("", {one}), "orla");
  EXPECT_EQ(with_triggers("a forest", {}), "a forest");
}

}  // namespace
}  // namespace stylus::composer
