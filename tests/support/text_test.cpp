#include "support/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stylus {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(TextTest, TellsUtf8FromOtherBytes) {
  for (const std::string good :
       {"", "abc", "\xC3\xA9", "\xE7\x8C\xAB", "\xF0\x9F\x98\x80", "\x7F"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
    EXPECT_EQ(repair_utf8(good), good);
  }
  // stray continuation, cut sequences, overlong '/', surrogate, above U+10FFFF, Latin-1
  for (const std::string bad : {"\x80", "\xE7\x8C", "\xF0\x9F\x98", "\xC0\xAF", "\xE0\x80\xAF",
                                "\xED\xA0\x80", "\xF4\x90\x80\x80", "caf\xE9", "\xFE"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
    EXPECT_TRUE(is_valid_utf8(repair_utf8(bad)));
    EXPECT_NE(repair_utf8(bad).find(kReplacement), std::string::npos);
  }
}

TEST(TextTest, RepairsOnlyWhatIsBroken) {
  EXPECT_EQ(repair_utf8("a\xFF\xC3\xA9"
                        "b"),
            "a" + kReplacement +
                "\xC3\xA9"
                "b");
  EXPECT_EQ(repair_utf8(std::string("a\0b", 3)), "a b");
}

TEST(TextTest, LowersEveryScript) {
  EXPECT_EQ(to_lower("ABC xyz 1"), "abc xyz 1");
  EXPECT_EQ(to_lower("\xC3\x89T\xC3\x89"), "\xC3\xA9t\xC3\xA9");                // ÉTÉ
  EXPECT_EQ(to_lower("\xD0\x9C\xD0\x98\xD0\xA0"), "\xD0\xBC\xD0\xB8\xD1\x80");  // МИР
  EXPECT_EQ(to_lower("\xE7\x8C\xAB"), "\xE7\x8C\xAB");
  EXPECT_EQ(to_lower("A\xFF"
                     "B"),
            "a\xFF"
            "b");
}

TEST(TextTest, TrimsCollapsesAndSplits) {
  EXPECT_EQ(trim(" \t\n a b \r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(collapse_blanks("  a \t\n b  "), "a b");
  EXPECT_EQ(split_list(" a, ,b c ,", ','), (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(split_list("", ','), std::vector<std::string>{});
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(TextTest, CutsBetweenCodePoints) {
  EXPECT_EQ(truncate_utf8("abc", 5), "abc");
  EXPECT_EQ(truncate_utf8("a\xE7\x8C\xAB", 3), "a");
  EXPECT_EQ(truncate_utf8("a\xE7\x8C\xAB", 4), "a\xE7\x8C\xAB");
  EXPECT_EQ(truncate_utf8("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(truncate_utf8("abc", 0), "");
}

TEST(TextTest, ComparesAndMeasures) {
  EXPECT_TRUE(equals_ignoring_case("SdXl", "sdxl"));
  EXPECT_FALSE(equals_ignoring_case("sdxl", "sdx"));
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("\xE7\x8C\xAB"), 2U);  // one wide character
  EXPECT_EQ(display_width("e\xCC\x81"), 1U);     // e with a combining accent
}

TEST(TextTest, ForEachLineSkipsBlankOnesAndCountsThem) {
  std::vector<std::string> seen;
  for_each_line("one\r\n\n  \t\n two \nthree", [&](std::string_view line, std::size_t number) {
    seen.push_back(std::to_string(number) + std::string(line));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"1one", "4two", "5three"}));
  for_each_line("", [](std::string_view, std::size_t) { ADD_FAILURE() << "there is no line"; });
}

}  // namespace
}  // namespace stylus
