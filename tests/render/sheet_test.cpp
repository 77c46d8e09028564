#include "render/sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "render/pen.h"
#include "support/error.h"
#include "tests/error_code_of.h"

namespace stylus::render {
namespace {

Picture filled(std::int64_t width, std::int64_t height, std::uint8_t value) {
  Picture picture(width, height);
  std::fill(picture.rgb.begin(), picture.rgb.end(), value);
  return picture;
}

std::size_t count_of(const Picture& picture, std::uint8_t value) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    count += picture.rgb[i] == value && picture.rgb[i + 1] == value ? 1 : 0;
  }
  return count;
}

TEST(Sheets, HoldEveryPictureEnlargedByAWholeFactor) {
  std::vector<SheetCell> cells;
  for (std::uint8_t i = 0; i < 5; ++i) {
    cells.push_back({filled(64, 48, static_cast<std::uint8_t>(100 + i)), "seed"});
  }
  const Sheet sheet = make_sheet("", cells);
  for (std::uint8_t i = 0; i < 5; ++i) {
    // Letters have greys of their own; the pictures are at least this many pixels.
    EXPECT_GE(count_of(sheet.picture, static_cast<std::uint8_t>(100 + i)), 64U * 48U * 9U);
  }
}

TEST(Sheets, TitlesAndLabelsAreDrawnWhereThereIsAFont) {
  const std::vector<SheetCell> plain = {{filled(200, 200, 255), ""}};
  const std::vector<SheetCell> labelled = {{filled(200, 200, 255), "seed 3: Ink \xE7\x8A\xAC"}};
  const Sheet sheet = make_sheet("", labelled);
  const auto ink = [](const Picture& picture) {
    return picture.rgb.size() / 3 - count_of(picture, 255);
  };
  EXPECT_EQ(ink(make_sheet("", plain).picture), 0U);
  if (!sheet.has_labels) {
    GTEST_SKIP() << "no font here (package fonts-dejavu-core)";
  }
  EXPECT_GT(ink(sheet.picture), 50U);
  const Sheet titled =
      make_sheet("a very long title that does not fit in one line at all, no", plain);
  EXPECT_GT(titled.picture.height, sheet.picture.height + 30);
}

TEST(Sheets, LettersThatDejaVuLacksComeFromAnotherFont) {
  const Pen pen;
  const auto drawn = [&](const char* letter) {
    Picture picture(40, 40);
    pen.draw(picture, 4, 30, letter, 24);
    return picture.rgb;
  };
  const auto first = drawn("\xE7\x8C\xAB");   // cat
  const auto second = drawn("\xE7\x8B\x97");  // dog
  if (first == second) {
    GTEST_SKIP() << "no font with Chinese letters here (fonts-wqy-zenhei, fonts-noto-cjk)";
  }
  EXPECT_NE(first, Picture(40, 40).rgb);
  EXPECT_NE(first, drawn("x"));
}

TEST(Sheets, LinesBreakAtSpacesAndBetweenLettersOfScriptsWithoutThem) {
  const Pen pen;
  if (!pen.works()) {
    GTEST_SKIP() << "no font here (package fonts-dejavu-core)";
  }
  EXPECT_THAT(wrapped(pen, "  one two\nthree ", 18, 10000), testing::ElementsAre("one two three"));
  EXPECT_THAT(wrapped(pen, "one two three", 18, pen.width("one two", 18)),
              testing::ElementsAre("one two", "three"));
  const std::string cats = "\xE7\x8C\xAB\xE7\x8C\xAB";
  EXPECT_THAT(wrapped(pen, cats + cats, 18, pen.width(cats, 18)), testing::ElementsAre(cats, cats));
  EXPECT_THAT(wrapped(pen, "", 18, 100), testing::IsEmpty());
}

TEST(Sheets, TakeAnyText) {
  const std::string broken = "\xFF\xC3 \xF0\x9F\x90 \n\n  " + std::string(500, 'w');
  const Sheet sheet = make_sheet(broken, {{filled(64, 64, 9), broken}, {filled(32, 96, 9), ""}});
  EXPECT_LT(sheet.picture.width, 1000);
}

TEST(Sheets, WithoutPicturesAreRefused) {
  EXPECT_EQ(error_code_of([] { return make_sheet("x", {}); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::render
