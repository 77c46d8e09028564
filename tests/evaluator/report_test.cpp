#include "evaluator/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// Three methods, 30 prompts, two guidance values, one picture each. A prompt's text is one axis;
/// `base` looks 0.6 like it, `stylus` 0.9, `odd` 0.6 but for every third prompt.
RunResults three_methods() {
  constexpr std::size_t kPrompts = 30;
  RunResults results;
  json prompts = json::array();
  for (std::size_t i = 0; i < kPrompts; ++i) {
    prompts.push_back("a <b>thing" + std::to_string(i) + "</b>");
    results.keywords.texts.push_back("thing" + std::to_string(i));
    results.keywords.of_prompt.push_back({i});
  }
  results.manifest =
      read_manifest(json{{"stylus_run", 1},
                         {"name", "a & b"},
                         {"prompts", prompts},
                         {"methods", {"stylus", "base", {{"name", "odd"}, {"kind", "random"}}}},
                         {"guidance", {2, 4}}}
                        .dump(),
                    "run", "/");
  results.models = {{"mini", "abc123"}};
  results.clip_texts = Rows(kPrompts, kPrompts + 1);
  for (std::size_t i = 0; i < kPrompts; ++i) {
    results.clip_texts.row(i)[i] = 1;
  }
  results.keyword_texts = results.clip_texts;
  results.clip_pictures = Rows(kPrompts * 6, kPrompts + 1);
  std::size_t row = 0;
  for (const double guidance : results.manifest.guidance) {
    for (const Method& method : results.manifest.methods) {
      for (std::size_t i = 0; i < kPrompts; ++i, ++row) {
        const float near = method.name == "stylus"              ? 0.9F
                           : i % 3 == 0 && method.name == "odd" ? 0.7F
                                                                : 0.6F;
        results.clip_pictures.row(row)[i] = near;
        results.clip_pictures.row(row)[kPrompts] = std::sqrt(1 - near * near);
        const std::string key = std::to_string(row);
        const std::string id = results.manifest.prompts[i].id;
        results.picture_rows[key] = row;
        results.items.push_back({"mini", method.name, id, guidance, 0, key});
        results.pictures.push_back(
            {{key, "mini", method.name, id, guidance, 1, 0}, PictureState::kDone, key, ""});
      }
    }
  }
  return results;
}

std::string no_picture(const std::string&) { return ""; }

TEST(Measure, ScoresAreMeansOverPromptsInPercent) {
  const Figures figures = measure(three_methods());

  ASSERT_EQ(figures.groups.size(), 6U);
  EXPECT_NEAR(figures.groups[0].clip_score.value, 90, 1e-4);
  EXPECT_NEAR(figures.groups[1].clip_score.value, 60, 1e-4);
  EXPECT_NEAR(figures.groups[0].keyword_presence.value, 1, 1e-9);
  EXPECT_EQ(figures.groups[0].presence_prompts, 30U);
}

TEST(Measure, SigmoidMakesProbabilities) {
  const std::vector<float> a = {0.6F, 0.8F};
  const std::vector<float> b = {1, 0};
  EXPECT_NEAR(pair_score(a, b, std::nullopt), 60, 1e-4);
  EXPECT_NEAR(pair_score(a, b, SigmoidScale{10, -6}), 50, 1e-4);
}

TEST(Report, SaysFirstWhetherChosenAdaptersAreBetter) {
  const RunResults results = three_methods();
  const std::string page = report_html(results, measure(results), no_picture);

  const std::string answers = page.substr(0, page.find("<h2>Methods"));
  EXPECT_THAT(answers, HasSubstr("<b>stylus</b> against <b>base</b>"));
  EXPECT_THAT(answers, HasSubstr("<b>stylus</b> against <b>odd</b>"));
  EXPECT_THAT(answers, HasSubstr("+30.00 <span class='dim'>[30.00, 30.00]</span>"));
  EXPECT_THAT(answers, HasSubstr("<b>better</b>"));
  EXPECT_THAT(answers, Not(HasSubstr("<b>odd</b> against")));
  EXPECT_THAT(answers, HasSubstr("only 30 prompts"));
}

TEST(Report, NeedsNothingElseAndForeignTextIsNoMarkup) {
  const RunResults results = three_methods();
  const std::string page = report_html(results, measure(results), no_picture);

  EXPECT_THAT(page, HasSubstr("a &amp; b"));
  EXPECT_THAT(page, Not(HasSubstr("<b>thing")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("abc123"));
}

TEST(Metrics, AreValidJsonWithComparisonsOfBothFigures) {
  const RunResults results = three_methods();
  const json metrics = json::parse(figures_json(results, measure(results)));

  EXPECT_EQ(metrics["models"][0]["sha256"], "abc123");
  // 3 pairs, 2 figures, each guidance and all.
  EXPECT_EQ(metrics["comparisons"].size(), 18U);
  EXPECT_EQ(metrics["comparisons"][0]["guidance"], "all");
  EXPECT_FALSE(metrics["groups"][0].contains("reference_mini-CLIP"));
}

TEST(ComparisonPage, TakesTwoRunsAndRefusesOtherFiles) {
  const RunResults results = three_methods();
  const std::string metrics = figures_json(results, measure(results));
  RunResults other = results;
  other.models[0].sha256 = "def456";

  const std::string page = comparison_html("A", metrics, "B", figures_json(other, measure(other)));

  EXPECT_THAT(page, HasSubstr("90.00"));
  EXPECT_THAT(page, HasSubstr("painted with different checkpoints"));
  for (const char* text :
       {"{}", "[]", "{\"stylus_metrics\": 1, \"groups\": []}", "{\"stylus_metrics\": \"2\"}"}) {
    EXPECT_EQ(error_code_of([&] { return comparison_html("A", metrics, "B", text); }),
              ErrorCode::kUnsupported)
        << text;
  }
  EXPECT_EQ(error_code_of([&] {
              return comparison_html("A", metrics, "B", "{\"stylus_metrics\": 2, \"groups\": [1]}");
            }),
            ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::evaluator
