#include "pages/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stylus::pages {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Chart, LinesDifferWithoutColour) {
  const std::string chart = svg_chart(
      "x", "y", {{"one", {{0, 1, 1, 1}, {1, 2, 2, 2}}}, {"two", {{0, 2, 2, 2}, {1, 3, 3, 3}}}});
  EXPECT_THAT(chart, HasSubstr("stroke-dasharray='7 4'"));
  EXPECT_EQ(count(chart, "<circle"), 3U);  // the first line's marks, and its own in the legend
  EXPECT_EQ(count(chart, "<rect"), 3U);
}

TEST(Chart, BarsAreDrawnOnlyWhereThereIsAnInterval) {
  const auto bars = [](double low, double high) {
    return count(svg_chart("x", "y", {{"one", {{0, 1, low, high}}}}), "stroke='#555'");
  };
  EXPECT_EQ(bars(1, 1), 0U);
  EXPECT_EQ(bars(0.5, 1.5), 1U);
}

TEST(Chart, NamesAreText) {
  EXPECT_THAT(svg_chart("<x>", "y", {{"<script>", {{0, 1, 1, 1}}}}), Not(HasSubstr("<script>")));
}

TEST(Chart, OfNothingIsNothing) { EXPECT_EQ(svg_chart("x", "y", {{"one", {}}}), ""); }

}  // namespace
}  // namespace stylus::pages
