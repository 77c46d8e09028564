#include "pages/findings_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stylus::pages {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FindingsPage, ForeignTextIsNeverMarkup) {
  FindingsPage page("<b>Report</b>", "a & b");
  page.add_figure("<3>", "\"quotes\"");
  page.begin_section("<script>alert(1)</script>", 1, "<i>");
  page.add_item("<img src=x onerror=alert(1)>", "id'\"", {"+ <b>won</b>", "- lost", "\x1b[31mred"});

  const std::string html = page.str();

  for (const char* attack : {"<script", "<img", "<i>", "<b>Report", "<b>won", "\x1b"}) {
    EXPECT_THAT(html, Not(HasSubstr(attack))) << attack;
  }
  EXPECT_THAT(html, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
}

TEST(FindingsPage, NeedsNothingFromElsewhere) {
  FindingsPage page("Report", "Nothing to mend.");
  EXPECT_THAT(page.str(), Not(HasSubstr("http")));
  EXPECT_THAT(page.str(), HasSubstr("Nothing to mend."));
}

}  // namespace
}  // namespace stylus::pages
