#include "catalog/html.h"

#include <gtest/gtest.h>

#include <string>

namespace stylus::catalog {
namespace {

TEST(HtmlToText, BlocksBecomeLinesAndEntitiesCharacters) {
  EXPECT_EQ(html_to_text("<h2>Dunes</h2><p>Sand &amp; wind,<br/>caf&#233; &#x4E2D;</p>"
                         "<ul><li>one</li><li>two&nbsp;three</li></ul>"),
            "Dunes\n\nSand & wind,\ncafé 中\n\none\n\ntwo three");
}

TEST(HtmlToText, KeepsWhatIsNoTag) {
  EXPECT_EQ(html_to_text("use <lora:dunes:0.8> if a < b > c && d; &unknown; &#xD800;"),
            "use <lora:dunes:0.8> if a < b > c && d; &unknown; &#xD800;");
}

TEST(HtmlToText, DropsScriptsStylesAndComments) {
  EXPECT_EQ(html_to_text("a<script>var x = '<p>';</script>b<!-- <p> -->c<style>p{}</style>d"),
            "abcd");
}

TEST(HtmlToText, SurvivesWhatNeverEnds) {
  EXPECT_EQ(html_to_text("a<p"), "a<p");
  EXPECT_EQ(html_to_text("a<p class="), "a");
  EXPECT_EQ(html_to_text("a<!-- b"), "a");
  EXPECT_EQ(html_to_text("a<script>b"), "a");
  EXPECT_EQ(html_to_text(""), "");
  EXPECT_LE(html_to_text(std::string(200'000, '<')).size(), 200'000U);
}

}  // namespace
}  // namespace stylus::catalog
