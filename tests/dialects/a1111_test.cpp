#include "dialects/a1111.h"

#include <gtest/gtest.h>

#include <regex>

#include "support/text.h"
#include "tests/dialects/example_plan.h"
#include "tests/error_code_of.h"

namespace stylus::dialects {
namespace {

TEST(ExportA1111, WritesOneNumberWhereBothWeightsAgree) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters.pop_back();
  plan.images.clear();
  plan.negative_prompt = "";

  EXPECT_EQ(export_a1111(plan),
            "a (lighthouse:1.1) in a storm, ukiyo-e, woodblock print "
            "<lora:floating-world_v2:0.64>\n");
}

TEST(ExportA1111, WritesTheTextEncodersWeightFirstWhereTheyDiffer) {
  EXPECT_EQ(export_a1111(lighthouse_plan()),
            "a (lighthouse:1.1) in a storm, ukiyo-e, woodblock print "
            "<lora:floating-world_v2:0.64> <lora:storm-light:0.25:0.5>\n"
            "Negative prompt: blurry, text\n");
}

TEST(ExportA1111, WeightsThatRoundToTheSameNumberAreOne) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[1].text_encoder_weight = 0.500001;

  EXPECT_NE(export_a1111(plan).find("<lora:storm-light:0.5>"), std::string::npos);
}

TEST(ExportA1111, KeepsWhatThePersonTyped) {
  composer::Plan plan = lighthouse_plan();
  plan.rendered_prompt =
      "a [cat|dog] \\(real\\) <lora:mine:0.3>, ((masterpiece)), 東京\nsecond line";

  const std::string text = export_a1111(plan);

  EXPECT_EQ(text.rfind(plan.rendered_prompt + " <lora:floating-world_v2:0.64>", 0), 0U) << text;
}

TEST(ExportA1111, WritesABlockForEachDistinctMask) {
  composer::Plan plan = lighthouse_plan();
  plan.rendered_prompt = "storm";
  plan.negative_prompt = "";
  plan.images = {{1, {true, false}}, {2, {false, false}}, {3, {true, false}}};

  EXPECT_EQ(export_a1111(plan),
            "# images 1, 3\nstorm <lora:floating-world_v2:0.64>\n\n# image 2\nstorm\n");
}

TEST(ExportA1111, NamesATextualInversionInTheText) {
  composer::Plan plan = lighthouse_plan();
  plan.rendered_prompt = "storm";
  plan.negative_prompt = "";
  plan.adapters[0] = lora("sample:ti", "ink (old).safetensors", 1.0);
  plan.adapters[0].kind = "textual_inversion";

  EXPECT_EQ(export_a1111(plan), "storm, ink \\(old\\) <lora:storm-light:0.25:0.5>\n");
}

TEST(ExportA1111, APlanWithoutAdaptersIsItsPrompt) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters.clear();
  plan.images = {{1, {}}};
  plan.negative_prompt = " ";

  EXPECT_EQ(export_a1111(plan), plan.rendered_prompt + "\n");
}

TEST(ExportA1111, RefusesStemsThatTheSyntaxCannotCarry) {
  const std::vector<std::string> hostile = {"a:2>",     "ink:0.9", "x> <lora:other:1", "<lora",
                                            "a,b",      "te=0.5",  "two\nlines",       " blank",
                                            "tab\tbed", "\xFF"};
  for (const std::string& stem : hostile) {
    composer::Plan plan = lighthouse_plan();
    plan.adapters[0].file = stem + ".safetensors";

    EXPECT_EQ(error_code_of([&] { return export_a1111(plan); }), ErrorCode::kInvalidArgument)
        << stem;
    const std::string message = error_message_of([&] { return export_a1111(plan); });
    EXPECT_NE(message.find("sample:ukiyo-e"), std::string::npos) << message;
    EXPECT_NE(message.find("rename the file"), std::string::npos) << message;
    EXPECT_TRUE(is_valid_utf8(message));
  }
}

TEST(ExportA1111, RefusesTwoFilesOfOneStem) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[1].file = "other/Floating-World_v2.safetensors";

  EXPECT_EQ(error_code_of([&] { return export_a1111(plan); }), ErrorCode::kInvalidArgument);
}

// The tool's own rule for finding tags: "<", a word, ":", anything but ">", ">".
TEST(ExportA1111, EveryTagIsFoundByTheReadersRule) {
  composer::Plan plan = lighthouse_plan();
  plan.adapters[0].file = "日本 画 (v1.5) [final] 'q' \"d\" $`.safetensors";
  const std::string text = export_a1111(plan);

  const std::regex rule("<(\\w+):([^>]+)>");
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), rule), end; it != end; ++it) {
    found.push_back((*it)[2]);
  }

  EXPECT_EQ(found, (std::vector<std::string>{"日本 画 (v1.5) [final] 'q' \"d\" $`:0.64",
                                             "storm-light:0.25:0.5"}));
}

}  // namespace
}  // namespace stylus::dialects
