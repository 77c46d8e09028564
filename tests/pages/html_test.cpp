#include "pages/html.h"

#include <gtest/gtest.h>

#include <limits>

namespace stylus::pages {
namespace {

TEST(HtmlText, IsNeverMarkupOrControl) {
  EXPECT_EQ(html_text("<a href='x'>&\x1b[1m\n"), "&lt;a href=&#39;x&#39;&gt;&amp;[1m\n");
}

TEST(HtmlNumber, HasARealMinusAndNoNegativeZero) {
  EXPECT_EQ(html_number(-1.25, 1), "−1.2");
  EXPECT_EQ(html_number(-0.001, 2), "0.00");
  EXPECT_EQ(html_number(std::numeric_limits<double>::quiet_NaN(), 2), "–");
}

TEST(ReportPage, NeedsNothingFromElsewhere) {
  const std::string page = report_page("<b>", "<p>body</p>");
  EXPECT_EQ(page.find("http"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("<p>body</p>"), std::string::npos);
}

}  // namespace
}  // namespace stylus::pages
