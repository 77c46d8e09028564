#include "evaluator/keyword_presence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;

/// A run of `count` prompts "a wordN", each with the keyword "wordN".
struct Words {
  explicit Words(std::size_t count) {
    json prompts = json::array();
    for (std::size_t i = 0; i < count; ++i) {
      prompts.push_back("a word" + std::to_string(i));
    }
    run = read_manifest(json{{"stylus_run", 1}, {"prompts", prompts}, {"methods", {"base"}}}.dump(),
                        "run", "/");
    for (std::size_t i = 0; i < count; ++i) {
      keywords.texts.push_back("word" + std::to_string(i));
      keywords.of_prompt.push_back({i});
    }
  }
  Manifest run;
  RunKeywords keywords;
};

/// One axis a keyword.
Rows axes(std::size_t count) {
  Rows rows(count, count);
  for (std::size_t i = 0; i < count; ++i) {
    rows.row(i)[i] = 1;
  }
  return rows;
}

TEST(KeywordPresence, APictureOfTheKeywordBeatsAllOthers) {
  const Words words(30);
  const Rows rows = axes(30);
  const PresenceMeter meter(words.run, words.keywords, rows);
  const std::vector<double> mean(30, 1.0 / 30);

  const Presence own = meter.of_picture(3, rows.row(3), mean);
  const Presence other = meter.of_picture(3, rows.row(4), mean);

  EXPECT_EQ(own.rank, 1);
  EXPECT_EQ(own.shown, 1);
  EXPECT_LT(other.rank, 0.5);
  EXPECT_EQ(other.shown, 0);
}

TEST(KeywordPresence, IsAtChanceForPicturesOfNothing) {
  const std::size_t count = 60;
  const Words words(count);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  Rows texts(count, 16);
  for (float& value : texts.values) {
    value = normal(random);
  }
  // All pictures lean to one side, and so does one keyword: it must not win by that.
  Rows pictures(400, 16);
  std::vector<double> mean(16);
  for (std::size_t i = 0; i < pictures.rows; ++i) {
    for (std::size_t j = 0; j < 16; ++j) {
      pictures.row(i)[j] = normal(random) + 3 * texts.row(0)[j];
      mean[j] += static_cast<double>(pictures.row(i)[j]) / 400;
    }
  }
  const PresenceMeter meter(words.run, words.keywords, texts);
  double rank = 0;
  double shown = 0;
  for (std::size_t i = 0; i < pictures.rows; ++i) {
    const Presence one = meter.of_picture(0, pictures.row(i), mean);
    rank += one.rank / 400;
    shown += one.shown / 400;
  }
  EXPECT_NEAR(rank, 0.5, 0.06);
  EXPECT_LT(shown, 0.2);
}

TEST(KeywordPresence, WordsOfThePromptAreNoDistractors) {
  Words words(22);
  words.run.prompts[0].text = "a red fox";
  words.keywords.texts[0] = "fox";
  words.keywords.texts[1] = "fox hunt";
  const Rows rows = axes(22);
  const PresenceMeter meter(words.run, words.keywords, rows);

  EXPECT_TRUE(meter.measures(0));
  // A picture of "fox hunt" alone: of the 20 distractors none is nearer than "fox".
  EXPECT_EQ(meter.of_picture(0, rows.row(1), std::vector<double>(22)).rank, 0.5);
}

TEST(KeywordPresence, NeedsEnoughDistractors) {
  const Words words(20);
  const Rows rows = axes(20);
  EXPECT_FALSE(PresenceMeter(words.run, words.keywords, rows).measures(0));
}

TEST(KeywordPresence, RefusesRowsOfOtherKeywords) {
  const Words words(30);
  const Rows rows = axes(29);
  EXPECT_EQ(error_code_of([&] { PresenceMeter(words.run, words.keywords, rows); }),
            ErrorCode::kInvalidArgument);
}

std::string plan(const std::vector<std::string>& keywords) {
  json list = json::array();
  std::string prompt;
  for (const std::string& text : keywords) {
    list.push_back({{"text", text},
                    {"span", {prompt.size(), prompt.size() + text.size()}},
                    {"decision", "abstained"}});
    prompt += text + " ";
  }
  return json{{"stylus_plan", 1}, {"prompt", prompt}, {"keywords", list}}.dump();
}

TEST(RunKeywords, ReferencePlansComeFirstAndEveryTextOnce) {
  const Manifest run = read_manifest(
      json{{"stylus_run", 1},
           {"prompts", {"one", "two"}},
           {"methods", {"stylus", {{"name", "gold"}, {"kind", "plans"}, {"file", "g.jsonl"}}}}}
          .dump(),
      "run", "/");
  const std::vector<StoredPlan> plans = {
      {"mini", "stylus", "1", plan({"cat", "moon"}), "", 0},
      {"mini", "stylus", "2", plan({"moon", "Moon", "sea"}), "", 0},
      {"mini", "gold", "1", plan({"Moon"}), "", 0},
      {"mini", "gold", "2", "", "no plan for this prompt", 0}};

  const RunKeywords keywords = keywords_of_run(run, plans);

  EXPECT_EQ(keywords.texts, (std::vector<std::string>{"Moon", "sea"}));
  EXPECT_EQ(keywords.of_prompt, (std::vector<std::vector<std::size_t>>{{0}, {0, 1}}));
}

}  // namespace
}  // namespace stylus::evaluator
