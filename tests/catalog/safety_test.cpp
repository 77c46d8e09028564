#include "catalog/safety.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "catalog/card_line.h"
#include "tests/shared_data.h"

namespace stylus::catalog {
namespace {

SafetyFlags nsfw(bool flag) { return {flag, std::nullopt, std::nullopt}; }
SafetyFlags level(std::int64_t bits) { return {std::nullopt, bits, std::nullopt}; }

TEST(RatingOf, FollowsTheCardsFlag) {
  EXPECT_EQ(rating_of(nsfw(false), "Dunes", {}, {}), Rating::kSafe);
  EXPECT_EQ(rating_of(nsfw(true), "Dunes", {}, {}), Rating::kAdult);
  EXPECT_EQ(rating_of({}, "Dunes", {}, {}), std::nullopt);
}

TEST(RatingOf, ReadsTheLevelAsAMask) {
  EXPECT_EQ(rating_of(level(1), "Dunes", {}, {}), Rating::kSafe);
  EXPECT_EQ(rating_of(level(3), "Dunes", {}, {}), Rating::kSafe);
  EXPECT_EQ(rating_of(level(0), "Dunes", {}, {}), Rating::kUnrated);
  for (const std::int64_t bits : {4, 5, 8, 16, 31, 32}) {
    EXPECT_EQ(rating_of(level(bits), "Dunes", {}, {}), Rating::kAdult) << bits;
  }
}

TEST(RatingOf, AdultWordsBeatASafeFlagButOnlyAsWholeWords) {
  EXPECT_EQ(rating_of(nsfw(false), "Nude figures", {}, {}), Rating::kAdult);
  EXPECT_EQ(rating_of(nsfw(false), "x", {"Hentai"}, {}), Rating::kAdult);
  EXPECT_EQ(rating_of(nsfw(false), "x", {}, {"red scarf, topless"}), Rating::kAdult);
  for (const char* harmless :
       {"Essex lanes", "Denude rock", "Cocktail bar", "Analog film", "Bassoon", "Cucumber"}) {
    EXPECT_EQ(rating_of(nsfw(false), harmless, {}, {}), Rating::kSafe) << harmless;
  }
}

TEST(ShowsRealPerson, ByFlagTagOrWord) {
  EXPECT_TRUE(shows_real_person({std::nullopt, std::nullopt, true}, "x", {}));
  EXPECT_TRUE(shows_real_person({}, "x", {"Celebrity"}));
  EXPECT_TRUE(shows_real_person({}, "A real person", {}));
  EXPECT_FALSE(shows_real_person({}, "Person of interest lamp", {"woman", "character"}));
}

// The real cards were chosen by flags and word lists before: ours must not cut much more.
TEST(Safety, CutsOnlyAHandfulOfTheRealCards) {
  STYLUS_NEEDS_SHARED_DATA();
  std::ifstream cards(shared_data() / "catalog" / "lora_catalog_sfw.jsonl");
  std::string line;
  int adult = 0;
  int persons = 0;
  while (std::getline(cards, line)) {
    const Card card = read_card_line(line, ExamplePrompts::kDrop);
    adult += card.rating == Rating::kAdult ? 1 : 0;
    persons += card.real_person ? 1 : 0;
  }
  EXPECT_LE(adult, 3);
  EXPECT_LE(persons, 5);
}

}  // namespace
}  // namespace stylus::catalog
