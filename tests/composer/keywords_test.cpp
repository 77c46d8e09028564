#include "composer/keywords.h"

#include <gtest/gtest.h>

#include "composer/common_words.h"

namespace stylus::composer {
namespace {

struct KeywordCase {
  const char* prompt;
  std::vector<std::string> keywords;
};

class ReadPrompt : public testing::TestWithParam<KeywordCase> {};

TEST_P(ReadPrompt, FindsTheKeywordsWhereTheyStand) {
  const std::string prompt = GetParam().prompt;

  const PromptReading reading = read_prompt(prompt);

  std::vector<std::string> found;
  for (const KeywordSpan& keyword : reading.keywords) {
    found.push_back(prompt.substr(keyword.begin, keyword.end - keyword.begin));
  }
  EXPECT_EQ(found, GetParam().keywords) << prompt;
  EXPECT_EQ(reading.searchable.size(), prompt.size());
}

INSTANTIATE_TEST_SUITE_P(Sentences, ReadPrompt,
                         testing::Values(KeywordCase{"a lighthouse in a storm, ukiyo-e",
                                                     {"lighthouse", "storm", "ukiyo-e"}},
                                         KeywordCase{"A white tour bus on a street in a city.",
                                                     {"white tour bus", "street", "city"}},
                                         KeywordCase{"Dog's bowl of soup", {"Dog's bowl", "soup"}},
                                         KeywordCase{"the cat, the cat, the cat", {"cat"}},
                                         KeywordCase{"a portrait of dr. who in sd1.5 style",
                                                     {"portrait", "dr", "sd1.5 style"}},
                                         KeywordCase{"", {}}, KeywordCase{"   \n\t ", {}},
                                         KeywordCase{"of the in and with", {}},
                                         KeywordCase{"!!! ... ???", {}}));

INSTANTIATE_TEST_SUITE_P(
    Tags, ReadPrompt,
    testing::Values(KeywordCase{"masterpiece, (red_hair:1.2), [[city]]",
                                {"masterpiece", "red_hair", "city"}},
                    KeywordCase{"1girl, cynthia \\(pokemon\\), BREAK beach",
                                {"1girl", "cynthia \\(pokemon", "beach"}},
                    KeywordCase{"castle<lora:old_castle:0.7>, dusk", {"castle", "dusk"}},
                    KeywordCase{"a dragon AND a knight", {"dragon", "knight"}},
                    KeywordCase{"owl\nNegative prompt: cat, dog\nSteps: 20", {"owl"}},
                    KeywordCase{"[cat:dog:0.5]", {"cat", "dog"}}));

INSTANTIATE_TEST_SUITE_P(
    Negations, ReadPrompt,
    testing::Values(KeywordCase{"a harbour with no boats at sunset", {"harbour", "sunset"}},
                    KeywordCase{"a street without people or cars, lanterns",
                                {"street", "lanterns"}},
                    KeywordCase{"a wolf, not a dog", {"wolf"}},
                    KeywordCase{"a square free of tourists in the rain", {"square", "rain"}},
                    KeywordCase{"a cloud-free sky over hills", {"sky", "hills"}},
                    KeywordCase{"a robot that isn't smiling but waving", {"robot", "waving"}},
                    KeywordCase{"no boats and a lighthouse", {"lighthouse"}},
                    KeywordCase{"not only a cat but a dog", {"cat", "dog"}},
                    KeywordCase{"a robot that isn\u2019t smiling", {"robot"}},
                    KeywordCase{"louise (zero no tsukaima)", {"louise", "zero", "tsukaima"}},
                    KeywordCase{"eine Stadt ohne Autos", {"Stadt"}},
                    KeywordCase{"una playa sin gente", {"playa"}}, KeywordCase{"no humans", {}},
                    KeywordCase{"没有人的街道", {"街道"}}));

INSTANTIATE_TEST_SUITE_P(OtherScripts, ReadPrompt,
                         testing::Values(KeywordCase{"桜の木、富士山", {"桜", "木", "富士山"}},
                                         KeywordCase{"红色的巴士，城市", {"红色", "巴士", "城市"}},
                                         KeywordCase{"café in été", {"café", "été"}},
                                         KeywordCase{"🐱 on a 🚀", {"🐱", "🚀"}}));

TEST(ReadPromptDetails, CutsARunOfWordsAfterEight) {
  const PromptReading reading = read_prompt("b c d e f g h i j k");

  ASSERT_EQ(reading.keywords.size(), 2U);
  EXPECT_EQ(reading.keywords[0].query, "b c d e f g h i");
  EXPECT_EQ(reading.keywords[1].query, "j k");
}

TEST(ReadPromptDetails, MarksWordsThatEveryPromptHolds) {
  const PromptReading reading = read_prompt("masterpiece, long red hair, lighthouse");

  ASSERT_EQ(reading.keywords.size(), 3U);
  EXPECT_TRUE(reading.keywords[0].common);
  EXPECT_TRUE(reading.keywords[1].common);
  EXPECT_FALSE(reading.keywords[2].common);
}

TEST(ReadPromptDetails, ReadsTagsForAdapters) {
  const PromptReading reading = read_prompt("owl <lora:night owl:-0.5> <lora:plain> <b>");

  ASSERT_EQ(reading.lora_tags.size(), 2U);
  EXPECT_EQ(reading.lora_tags[0].name, "night owl");
  EXPECT_EQ(reading.lora_tags[0].weight, -0.5);
  EXPECT_EQ(reading.lora_tags[1].name, "plain");
  EXPECT_FALSE(reading.lora_tags[1].weight.has_value());
}

TEST(ReadPromptDetails, BlanksWhatIsNotWanted) {
  EXPECT_EQ(read_prompt("A_b, no boats, c").searchable, "a b,         , c");
}

TEST(ReadPromptDetails, StopsAtSixtyFourKeywords) {
  std::string prompt;
  for (int i = 0; i < 200; ++i) {
    prompt += "word" + std::to_string(i) + ", ";
  }

  const PromptReading reading = read_prompt(prompt);

  EXPECT_EQ(reading.keywords.size(), kMaxKeywords);
  EXPECT_TRUE(reading.shortened);
}

TEST(ReadPromptDetails, ReadsAMegabyte) {
  std::string prompt;
  while (prompt.size() < (std::size_t{1} << 20U) - 16) {
    prompt += "<(a:1.1) 桜no[b]";
  }

  const PromptReading reading = read_prompt(prompt);

  EXPECT_EQ(reading.searchable.size(), prompt.size());
}

TEST(WordValue, IsLowForWhatEveryPromptSays) {
  EXPECT_LT(word_value("masterpiec"), 0.1);
  EXPECT_EQ(word_value("lighthous"), 1.0);
  EXPECT_TRUE(only_common_words("best quality, red hair"));
  EXPECT_FALSE(only_common_words("best quality, red lantern"));
}

}  // namespace
}  // namespace stylus::composer
