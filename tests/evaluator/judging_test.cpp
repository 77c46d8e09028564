#include "evaluator/judging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/error_code_of.h"

namespace stylus::evaluator {
namespace {

/// Prefers whatever its function says of the two pictures' bytes.
class StubJudge : public chat::Client {
 public:
  explicit StubJudge(std::function<std::string(std::string, std::string)> answer)
      : answer_(std::move(answer)) {}
  chat::Reply ask(const chat::Request& request) override {
    ++asked;
    const auto& pictures = request.messages.back().pictures;
    chat::Reply reply;
    reply.text = answer_(pictures.at(0).bytes, pictures.at(1).bytes);
    return reply;
  }
  [[nodiscard]] const std::string& model() const override { return name_; }
  [[nodiscard]] chat::Spent spent() const override { return {}; }
  int asked = 0;

 private:
  std::function<std::string(std::string, std::string)> answer_;
  std::string name_ = "stub";
};

class Judging : public testing::Test {
 protected:
  Judgement judge(StubJudge& stub) {
    const std::vector<JudgedPair> pairs = {{"1", "a fox", "good", "bad"},
                                           {"2", "a cat", "bad", "good"}};
    const JudgementCache cache = {
        [this](const std::string& key) {
          const auto found = kept_.find(key);
          return found == kept_.end() ? std::nullopt : std::optional(found->second);
        },
        [this](const std::string& key, const std::string& reply) { kept_[key] = reply; }};
    return judge_pairs(
        pairs, stub, [](const std::string& hash) { return hash; }, cache, [](std::size_t) {});
  }
  std::map<std::string, std::string> kept_;
};

TEST_F(Judging, AJudgeThatSeesTheDifferenceCounts) {
  StubJudge stub([](const std::string& left, const std::string&) {
    return left == "good" ? R"({"better": "left", "reason": ""})"
                          : R"(Sure: {"better": "right", "reason": ""})";
  });
  const Judgement found = judge(stub);

  EXPECT_EQ(found.wins, 1U);
  EXPECT_EQ(found.losses, 1U);
  EXPECT_EQ(found.left_share, 0.5);
}

TEST_F(Judging, AJudgeThatAlwaysSaysLeftDecidesNothing) {
  StubJudge stub([](const std::string&, const std::string&) { return R"({"better": "left"})"; });
  const Judgement found = judge(stub);

  EXPECT_EQ(found.ties, 2U);
  EXPECT_EQ(found.disagreed, 2U);
  EXPECT_EQ(found.left_share, 1);
}

TEST_F(Judging, WhatWasAskedOnceIsNotAskedAgain) {
  StubJudge stub([](const std::string&, const std::string&) { return R"({"better": "tie"})"; });
  (void)judge(stub);
  EXPECT_EQ(stub.asked, 4);
  (void)judge(stub);
  EXPECT_EQ(stub.asked, 4);
}

TEST_F(Judging, NonsenseIsCountedApart) {
  StubJudge stub([](const std::string&, const std::string&) { return "I like both!"; });
  EXPECT_EQ(judge(stub).unreadable, 2U);
}

TEST(JudgingSheet, NamesNoMethodAndItsKeyHoldsBothSides) {
  std::vector<JudgedPair> pairs;
  for (int i = 0; i < 40; ++i) {
    pairs.push_back({std::to_string(i), "<b>prompt " + std::to_string(i), "one", "two"});
  }
  const JudgingSheet sheet =
      judging_sheet(pairs, "secret-a", "secret-b", 1, [](const std::string& hash) { return hash; });

  EXPECT_THAT(sheet.html, testing::Not(testing::HasSubstr("secret")));
  EXPECT_THAT(sheet.html, testing::Not(testing::HasSubstr("<b>prompt")));
  EXPECT_THAT(sheet.key_csv, testing::HasSubstr("\"secret-a\",\"secret-b\""));
  EXPECT_THAT(sheet.key_csv, testing::HasSubstr("\"secret-b\",\"secret-a\""));
}

}  // namespace
}  // namespace stylus::evaluator
