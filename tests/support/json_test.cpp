#include "support/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/error_code_of.h"

namespace stylus {
namespace {

using testing::HasSubstr;

TEST(JsonTest, ReadsWhatIsWellFormed) {
  const nlohmann::json value =
      parse_json("\xEF\xBB\xBF {\"a\": [1, -2.5, \"\\u00e9\", null], \"a\": true} \n", "text");

  EXPECT_EQ(value, nlohmann::json({{"a", true}}));  // the last of two equal keys, as usual
  EXPECT_EQ(parse_json("\"\xF0\x9F\x98\x80\"", "text"), "\xF0\x9F\x98\x80");
}

TEST(JsonTest, RefusesWhatIsNot) {
  const std::vector<std::string> cases = {"",
                                          "   ",
                                          "{",
                                          "[1,]",
                                          "{\"a\":1,}",
                                          "nul",
                                          "'a'",
                                          "01",
                                          "1e999",
                                          "{} {}",
                                          "[1] x",
                                          std::string("{}\0junk", 7),
                                          std::string("\0", 1),
                                          "\"\xFF\"",
                                          "\"\xED\xA0\x80\"",
                                          "\"\xC0\x80\"",
                                          "\"\\ud800\"",
                                          "\"a\nb\"",
                                          "NaN",
                                          "// c\n1"};
  for (const std::string& text : cases) {
    const auto read = [&] { return parse_json(text, "card 17"); };
    EXPECT_EQ(error_code_of(read), ErrorCode::kCorruptData) << text;
    EXPECT_THAT(error_message_of(read), HasSubstr("card 17")) << text;
  }
}

TEST(JsonTest, AMillionLevelsOfNestingAreAnError) {
  const std::string lists(1'000'000, '[');
  std::string closed = lists + std::string(1'000'000, ']');
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) {
    objects += "{\"a\":";
  }
  for (const std::string& bomb : {lists, closed, objects}) {
    EXPECT_EQ(error_code_of([&] { return parse_json(bomb, "bomb"); }), ErrorCode::kCorruptData);
  }
}

TEST(JsonTest, CountsLevelsExactly) {
  EXPECT_NO_THROW((void)parse_json("[[[1]]]", "x", {.max_depth = 3}));
  EXPECT_THAT(error_message_of([] { return parse_json("[[[[]]]]", "x", {.max_depth = 3}); }),
              HasSubstr("deeper than 3"));
}

TEST(JsonTest, RefusesDuplicateKeysWhenAsked) {
  const JsonLimits strict{.reject_duplicate_keys = true};

  EXPECT_THAT(
      error_message_of([&] { return parse_json(R"({"a":1,"b":{"c":1,"c":2}})", "x", strict); }),
      HasSubstr("'c' appears twice"));
  EXPECT_NO_THROW((void)parse_json(R"({"a":{"a":[{"a":1},{"a":2}]}})", "x", strict));
}

TEST(JsonTest, RefusesALongTextUnread) {
  EXPECT_THAT(error_message_of([] { return parse_json("[1,2,3", "x", {.max_bytes = 5}); }),
              HasSubstr("at most 5"));
}

TEST(JsonTest, GivesAStringOrTheFallback) {
  const nlohmann::json object = {{"a", "text"}, {"b", 1}};

  EXPECT_EQ(json_string(object, "a"), "text");
  EXPECT_EQ(json_string(object, "b", "none"), "none");
  EXPECT_EQ(json_string(object, "c", "none"), "none");
  EXPECT_EQ(json_string(nlohmann::json::array(), "a", "none"), "none");
}

}  // namespace
}  // namespace stylus
