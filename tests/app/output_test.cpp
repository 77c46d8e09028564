#include "app/output.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace stylus::app {
namespace {

TEST(Printable, ForeignTextCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\033[2Jb\nc\x7F"), "a [2Jb c ");
  EXPECT_EQ(printable("x\xC2\x9Fy"), "x  y");
  EXPECT_EQ(printable("caf\xC3\xA9 \xE6\xB0\xB4"), "caf\xC3\xA9 \xE6\xB0\xB4");
  EXPECT_EQ(printable("bad \xFF"), "bad \xEF\xBF\xBD");
}

TEST(Number, HasNoTrailingZeros) {
  EXPECT_EQ(number(0.64), "0.64");
  EXPECT_EQ(number(0.80), "0.8");
  EXPECT_EQ(number(1.0), "1");
  EXPECT_EQ(number(-0.001), "0");
  EXPECT_EQ(number(40, 0), "40");
}

TEST(Table, ColumnsAlignWithWideCharacters) {
  Table table({"name", "n"});
  table.add({"水墨", "1"});
  table.add({"abcd", "2"});

  EXPECT_EQ(table.str(), "name  n\n水墨  1\nabcd  2\n");
}

TEST(Table, LongCellsAreCutAndTheLastColumnWraps) {
  Table table({"name", "why"});
  std::string words;
  for (int i = 0; i < 60; ++i) {
    words += "word ";
  }
  table.add({std::string(100, 'x'), words});

  const std::string text = table.str();

  EXPECT_NE(text.find("…"), std::string::npos);
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 3);
}

}  // namespace
}  // namespace stylus::app
