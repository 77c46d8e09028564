#include "chat/json_reply.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stylus::chat {
namespace {

TEST(FindJsonObject, FindsItHoweverItIsWrapped) {
  for (const char* reply : {
           R"({"a": 1})",
           "```json\n{\"a\": 1}\n```",
           "Sure! Here it is:\n{\"a\": 1} Hope that helps {x}.",
           "<think>maybe {\"a\": 2}?</think>{\"a\": 1}",
           R"({"answer": {"a": 1}})",
           R"([{"b": 0}, {"a": 1}])",
           R"({"b": "} {"} {"a": 1, })",
           "{not json} {\"a\": 1}",
           "{\"a\": 1, \"b\": \"two\nlines\", \"c\": [1, 2,],}",
       }) {
    const auto found = find_json_object(reply, "a");
    ASSERT_TRUE(found.has_value()) << reply;
    EXPECT_EQ((*found)["a"], 1) << reply;
  }
}

TEST(FindJsonObject, FindsNothingWhereThereIsNone) {
  for (const char* reply :
       {"", "no", "{", "{\"a\":", R"({"b": 1})", "[1,2]", "\"{}\"", R"({"a" 1})"}) {
    EXPECT_FALSE(find_json_object(reply, "a").has_value()) << reply;
  }
}

TEST(FindJsonObject, IsNotWornOutByBraces) {
  EXPECT_FALSE(find_json_object(std::string(1U << 20U, '{'), "a").has_value());
  std::string deep;
  for (int i = 0; i < 100'000; ++i) {
    deep += "{\"b\":";
  }
  EXPECT_FALSE(find_json_object(deep + "1" + std::string(100'000, '}'), "a").has_value());
}

TEST(HasUnfinishedObject, TellsCutRepliesFromWholeOnes) {
  EXPECT_TRUE(has_unfinished_object("Here: {\"a\": \"b"));
  EXPECT_FALSE(has_unfinished_object("{\"a\": \"b\"}"));
  EXPECT_FALSE(has_unfinished_object("no object"));
}

TEST(RepeatsItself, TellsLoopsFromLongTexts) {
  std::string loop = "The adapter shows a cat.";
  std::string honest;
  for (int i = 0; i < 60; ++i) {
    loop += " It has a very soft and warm look.";
    honest += "word" + std::to_string(i) + " stands here once and number " + std::to_string(i * 7) +
              " too. ";
  }
  EXPECT_TRUE(repeats_itself(loop));
  EXPECT_TRUE(repeats_itself("{\"a\": \"" + std::string(900, '!')));
  EXPECT_FALSE(repeats_itself(honest));
  EXPECT_FALSE(repeats_itself("ha ha ha ha ha ha ha ha"));
}

TEST(SoundsLikeRefusal, KnowsHowModelsDecline) {
  EXPECT_TRUE(sounds_like_refusal("I\xE2\x80\x99m sorry, but I can\xE2\x80\x99t help with that."));
  EXPECT_TRUE(sounds_like_refusal("As an AI language model, I cannot describe people."));
  EXPECT_FALSE(sounds_like_refusal("A sorry-looking clown in a sorry hat"));
  EXPECT_FALSE(sounds_like_refusal("It paints the sky as an airy wash of blue."));
}

}  // namespace
}  // namespace stylus::chat
