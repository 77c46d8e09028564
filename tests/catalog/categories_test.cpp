#include "catalog/categories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "catalog/card_line.h"
#include "tests/shared_data.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CategoriesOf, ATagDecidesAndSeveralAreKept) {
  EXPECT_THAT(categories_of("Nook", {"Poses", "STYLE"}, {}, ""), ElementsAre("style", "pose"));
  EXPECT_THAT(categories_of("A castle style", {"vehicle"}, {}, ""), ElementsAre("vehicle"));
}

TEST(CategoriesOf, WithoutATagTheNameIsAskedThenTheText) {
  EXPECT_THAT(categories_of("Gothic castle background", {"fantasy"}, {}, ""),
              ElementsAre("background", "building"));
  EXPECT_THAT(categories_of("Nook", {}, {"old truck"}, "A style of its own."),
              ElementsAre("vehicle"));
  EXPECT_THAT(categories_of("Nook", {}, {}, "A watercolor look."), ElementsAre("style"));
  EXPECT_THAT(categories_of("Nook", {}, {}, "Nothing to see."), IsEmpty());
}

TEST(CategoriesOf, KnowsOtherScripts) {
  EXPECT_THAT(categories_of("水墨 画风", {}, {}, ""), ElementsAre("style"));
}

TEST(CategoriesOf, OfTheRealCardsTheTagsAreCountedExactly) {
  STYLUS_NEEDS_SHARED_DATA();
  std::ifstream cards(shared_data() / "catalog" / "lora_catalog_sfw.jsonl");
  std::map<std::string, int> counts;
  std::string line;
  int none = 0;
  while (std::getline(cards, line)) {
    const Card card = read_card_line(line, ExamplePrompts::kDrop);
    const auto categories = categories_of(card.name, card.tags, card.triggers, card.description);
    none += categories.empty() ? 1 : 0;
    for (const std::string& category : categories) {
      ++counts[category];
    }
  }
  // 2,574 cards carry the tag "character", 1,279 the tag "style"; words add some.
  EXPECT_GE(counts["character"], 2574);
  EXPECT_LE(counts["character"], 2900);
  EXPECT_GE(counts["style"], 1279);
  EXPECT_LE(counts["style"], 1700);
  EXPECT_GE(counts["clothing"], 296);
  EXPECT_LE(none, 500);
}

}  // namespace
}  // namespace stylus::catalog
