// What must hold for any prompt, tried on prompts made of every kind of piece.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "composer/keywords.h"
#include "support/text.h"
#include "tests/composer/sample_shelf.h"

namespace stylus::composer {
namespace {

std::string random_prompt(std::mt19937& rng) {
  static const std::array<const char*, 34> kPieces = {
      "a",          "tour bus", "no",  "without", "penguin",  ", ",         "(",
      ")",          ":1.2)",    "\\(", "<lora:",  "Teapot",   ":0.5>",      "BREAK",
      "lighthouse", "的",       "桜",  "、",      "no boats", "é",          "🐱",
      "-free",      "not",      "but", "and a",   "free of",  "\n",         "_",
      "1girl",      "ukiyo-e",  "n't", "'",       "没有人",   "masterpiece"};
  std::string prompt;
  const std::size_t pieces = rng() % 24;
  for (std::size_t i = 0; i < pieces; ++i) {
    prompt += kPieces.at(rng() % kPieces.size());
    prompt += rng() % 3 != 0 ? " " : "";
  }
  return prompt;
}

TEST(RandomPrompts, KeepTheRulesOfKeywords) {
  std::mt19937 rng(20);
  for (int round = 0; round < 20000; ++round) {
    const std::string prompt = random_prompt(rng);
    const PromptReading reading = read_prompt(prompt);
    ASSERT_EQ(reading.searchable.size(), prompt.size());
    std::size_t last = 0;
    for (const KeywordSpan& keyword : reading.keywords) {
      ASSERT_LE(last, keyword.begin) << prompt;
      ASSERT_LT(keyword.begin, keyword.end) << prompt;
      ASSERT_LE(keyword.end, prompt.size()) << prompt;
      ASSERT_TRUE(is_valid_utf8(prompt.substr(keyword.begin, keyword.end - keyword.begin)));
      for (const Span& negated : reading.negated) {
        ASSERT_TRUE(keyword.end <= negated.begin || negated.end <= keyword.begin) << prompt;
      }
      last = keyword.end;
    }
  }
}

TEST(RandomPrompts, GivePlansThatCanBeRead) {
  SampleShelf shelf;
  std::mt19937 rng(21);
  for (int round = 0; round < 400; ++round) {
    const std::string prompt = random_prompt(rng);
    const std::string json = plan_to_json(shelf.plan(prompt));
    ASSERT_EQ(plan_to_json(plan_from_json(json, "plan")), json) << prompt;
  }
}

}  // namespace
}  // namespace stylus::composer
