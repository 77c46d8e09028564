#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "refiner/embedder.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

catalog::Document titled(const std::string& name) {
  catalog::Document document;
  document.name = name;
  return document;
}

TEST(TextForms, ATitleLosesDecorationAndFormatWords) {
  EXPECT_EQ(text_forms(titled("【Ink-Wash】 LoRA v1.2 (SD 1.5)")).title, "Ink Wash");
  EXPECT_EQ(text_forms(titled("Tour_Bus | Version 3 — LoCon")).title, "Tour Bus");
  EXPECT_EQ(text_forms(titled("Model railway")).title, "railway");
}

TEST(TextForms, ATitleOfFormatWordsAloneStaysAsItIs) {
  EXPECT_EQ(text_forms(titled("LoRA v2")).title, "LoRA v2");
}

TEST(TextForms, WordsThatOnlyLookLikeVersionsStay) {
  EXPECT_EQ(text_forms(titled("v for vendetta")).title, "v for vendetta");
  EXPECT_EQ(text_forms(titled("version without number")).title, "version without number");
}

TEST(TextForms, TagsFollowTheTitleWithoutFormatTags) {
  catalog::Document document = titled("Tour Bus");
  document.tags = {"vehicle", "LoRA", "sd1.5", "bus"};

  EXPECT_EQ(text_forms(document).title_tags, "Tour Bus . vehicle, bus");
}

TEST(TextForms, TheSummaryHoldsEveryFieldAndEndsAfter64Words) {
  catalog::Document document = titled("Tour Bus");
  document.tags = {"vehicle"};
  document.triggers = {"tourbus", "double decker"};
  document.description = "See https://example.org/x for <b>more</b>.  A red\nbus.";
  for (int i = 0; i < 100; ++i) {
    document.description += " word";
  }

  const std::string summary = text_forms(document).summary;

  EXPECT_EQ(summary.find("Tour Bus . vehicle . tourbus, double decker . See for more . A red bus."),
            0U)
      << summary;
  EXPECT_EQ(std::count(summary.begin(), summary.end(), ' '), 63);
}

TEST(TextForms, AHugeTriggerListIsCutAtACharacterBorder) {
  catalog::Document document = titled("x");
  for (int i = 0; i < 1000; ++i) {
    document.triggers.emplace_back("触发词");
  }

  const std::string summary = text_forms(document).summary;

  EXPECT_LE(summary.size(), 420U);
  EXPECT_TRUE(is_valid_utf8(summary));
}

}  // namespace
}  // namespace stylus::refiner
