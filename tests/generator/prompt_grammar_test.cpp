#include "generator/prompt_grammar.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/file.h"
#include "tests/error_code_of.h"

namespace stylus::generator {
namespace {

using nlohmann::json;

TEST(ParsePrompt, AgreesWithTheRulesOnSixtyPrompts) {
  const auto path = std::filesystem::path(STYLUS_TESTS_DIR) / "golden/generator/prompts.jsonl";
  std::istringstream lines(read_file(path, 1U << 20U));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json row = json::parse(line);
    const std::string prompt = row.at("prompt").get<std::string>();
    const json& expected = row.at("pieces");
    const ParsedPrompt parsed = parse_prompt(prompt);

    ASSERT_EQ(parsed.pieces.size(), expected.size()) << prompt;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const PromptPiece& piece = parsed.pieces[i];
      EXPECT_EQ(piece.kind == PromptPiece::Kind::kBreak, expected[i].is_string()) << prompt;
      if (expected[i].is_array()) {
        EXPECT_EQ(piece.text, expected[i][0].get<std::string>()) << prompt;
        EXPECT_NEAR(piece.weight, expected[i][1].get<double>(), 1e-6) << prompt;
      }
    }
  }
  EXPECT_EQ(count, 60U);
}

std::string text_of(const ParsedPrompt& parsed) {
  std::string all;
  for (const PromptPiece& piece : parsed.pieces) {
    all += piece.text;
  }
  return all;
}

TEST(ParsePrompt, TakesAdapterTagsOutAndSaysSo) {
  const ParsedPrompt parsed = parse_prompt("a fox <lora:ink:0.8>, <lyco:x:1> b <not:a tag <");

  EXPECT_EQ(text_of(parsed), "a fox ,  b <not:a tag <");
  ASSERT_EQ(parsed.warnings.size(), 2U);
  EXPECT_NE(parsed.warnings[0].find("<lora:ink:0.8>"), std::string::npos);
}

TEST(ParsePrompt, RefusesWhatTheNativeGeneratorDoesNotDo) {
  for (const char* prompt :
       {"[cat:dog:0.5]", "[dog:10]", "[cat::0.25]", "a [ratio 16:9]", "[cat|dog]", "(x [cat|dog])",
        "a cat AND a dog", "AND", "[a (b) c: 1e-1 ]"}) {
    EXPECT_EQ(error_code_of([&] { return parse_prompt(prompt); }), ErrorCode::kUnsupported)
        << prompt;
  }
  EXPECT_NE(
      error_message_of([] { return parse_prompt("x [cat:dog:0.5] y"); }).find("'[cat:dog:0.5]'"),
      std::string::npos);
}

TEST(ParsePrompt, AcceptsWhatOnlyLooksLikeIt) {
  for (const char* prompt : {"SAND ANDES and", "\\[cat:dog:0.5\\]", "[cat:dog]", "[(a|b)]",
                             "[cat\\|dog]", "[cat|dog", "[(a:1.2) b]", "cat|dog"}) {
    EXPECT_EQ(error_code_of([&] { return parse_prompt(prompt); }), std::nullopt) << prompt;
  }
}

TEST(ParsePrompt, IsBounded) {
  const auto code = [](const std::string& prompt) {
    return error_code_of([&] { return parse_prompt(prompt); });
  };

  EXPECT_EQ(code(std::string(kMaxPromptBytes + 1, 'a')), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(std::string(101, '(')), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code("(a:99999)"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(std::string(40, '(') + "((a:99):99)"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code("\xff(\xfe:1.2)"), std::nullopt);
  EXPECT_TRUE(parse_prompt("").pieces.empty());
}

}  // namespace
}  // namespace stylus::generator
