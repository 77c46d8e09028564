#include "catalog/card_text.h"

#include <gtest/gtest.h>

namespace stylus::catalog {
namespace {

TEST(CleanTitle, DropsMarksVersionsAndKinds) {
  EXPECT_EQ(clean_title("[LoRA] Old Harbour v1.2 (SD1.5)"), "Old Harbour");
  EXPECT_EQ(clean_title("Old Harbour | sd 1.5 LoCon model, Version 2"), "Old Harbour");
  EXPECT_EQ(clean_title("【Ink】Paper-Lantern ver 3"), "Ink Paper Lantern");
  EXPECT_EQ(clean_title("Explorer of Caves"), "Explorer of Caves") << "whole words only";
  EXPECT_EQ(clean_title("Sdoria v2beta"), "Sdoria v2beta");
}

TEST(CleanTitle, KeepsATitleThatWouldVanish) { EXPECT_EQ(clean_title("LoRA v2"), "LoRA v2"); }

TEST(CardText, LeavesOutNoiseTagsLinksAndMarkup) {
  catalog::Document document;
  document.name = "Old Harbour";
  document.tags = {"LoRA", "harbour", "Style LoRA", "sea"};
  document.description = "See <b>https://example.org/x</b> now:\nhttps://example.org/y calm <3 sea";

  const CardText text = card_text_of(document);

  EXPECT_EQ(text.fields[kTags], "harbour, sea");
  EXPECT_EQ(text.fields[kDescription], "See now: calm <3 sea");
}

TEST(CardText, CutsLongTriggerListsButKeepsTheirPhrases) {
  catalog::Document document;
  document.triggers = {std::string(300, 'a') + ", red kite", std::string(300, 'b') + ", grey owl"};

  const CardText text = card_text_of(document);

  EXPECT_EQ(text.fields[kTriggers].size(), 400U);
  ASSERT_EQ(text.phrases.size(), 4U);
  EXPECT_EQ(text.phrases[3], "grey owl");
}

TEST(CardText, OnlyWhatSaysNothingOfItselfIsReadByItsFileName) {
  catalog::Document document;
  document.file_name = "stone_bridge.safetensors";
  const auto description = [&document](const char* text) {
    document.description = text;
    return card_text_of(document).fields[kDescription];
  };

  EXPECT_EQ(description("my first"), "my first stone bridge");
  EXPECT_EQ(description("An old bridge of stone."), "An old bridge of stone.");
  EXPECT_EQ(description("山中的老石桥。"), "山中的老石桥。")
      << "a sentence without blanks is no word";
}

TEST(CardText, KnowsTheNameInsideALongTitle) {
  catalog::Document document;
  document.name = "Mira (young) | Old Sea Saga [LoRA]";

  const std::vector<std::string> names = card_text_of(document).names;

  EXPECT_NE(std::find(names.begin(), names.end(), "Mira"), names.end());
}

TEST(CardText, TakesAMegabyteOfOpenBracketsInItsStride) {
  catalog::Document document;
  document.name = std::string(1 << 20, '[');
  document.description = std::string(1 << 20, '<');

  const CardText text = card_text_of(document);

  EXPECT_EQ(text.fields[kTitle].size(), document.name.size())
      << "nothing is left, so the raw title";
  EXPECT_EQ(text.fields[kDescription].size(), document.description.size());
}

}  // namespace
}  // namespace stylus::catalog
