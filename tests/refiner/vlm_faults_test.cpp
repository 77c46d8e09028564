// Ten thousand broken replies: each is told apart or accepted after all checks, none crashes.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "catalog/categories.h"
#include "chat/wire.h"
#include "refiner/vlm_refiner.h"
#include "support/error.h"
#include "support/text.h"
#include "tests/chat/fault_server.h"
#include "tests/chat/mutations.h"
#include "tests/chat/scripted_client.h"

namespace stylus::refiner {
namespace {

constexpr const char* kGood =
    R"({"summary": "A red fox with a bushy tail.", "description": "A red fox with orange fur and a white chest. It suits forests and snow.",
        "categories": ["animal", "style"], "trigger_groups": [["rdfx", "red fox"], ["snow"]], "weight": 0.7})";

VlmCard fox_card() {
  VlmCard card;
  card.name = "Red Fox";
  card.triggers = {"rdfx, red fox"};
  card.description = "A fox in the snow. Use at weight 0.7.";
  return card;
}

/// Whatever was accepted keeps all promises of VlmDescription.
void expect_clean(const VlmDescription& description, const std::string& reply) {
  EXPECT_TRUE(is_valid_utf8(description.summary + description.description)) << reply;
  EXPECT_FALSE(description.summary.empty()) << reply;
  EXPECT_LE(description.summary.size(), 160U) << reply;
  EXPECT_LE(description.description.size(), 4000U) << reply;
  EXPECT_FALSE(description.categories.empty()) << reply;
  for (const std::string& category : description.categories) {
    const auto names = catalog::category_names();
    EXPECT_NE(std::find(names.begin(), names.end(), category), names.end()) << reply;
  }
  for (const auto& group : description.trigger_groups) {
    EXPECT_FALSE(group.empty()) << reply;
  }
  EXPECT_TRUE(!description.weight || *description.weight == 0.7) << reply;
}

TEST(VlmFaults, TenThousandBrokenRepliesAreToldApart) {
  std::mt19937_64 random(1);
  std::map<VlmOutcome, int> outcomes;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = chat::mutated(kGood, random);
    chat::Reply reply = chat::ScriptedClient::reply(
        repair_utf8(text), i % 3 == 0 ? chat::Finish::kLength : chat::Finish::kStop);

    const VlmResult result = check_vlm_reply(reply, fox_card());

    ++outcomes[result.outcome];
    ASSERT_EQ(result.description.has_value(), result.outcome == VlmOutcome::kAccepted) << text;
    ASSERT_EQ(result.reason.empty(), result.outcome == VlmOutcome::kAccepted) << text;
    if (result.description) {
      expect_clean(*result.description, text);
    }
  }
  for (const VlmOutcome outcome : {VlmOutcome::kAccepted, VlmOutcome::kLoop, VlmOutcome::kCutOff,
                                   VlmOutcome::kNonsense, VlmOutcome::kRefusal}) {
    EXPECT_GT(outcomes[outcome], 0) << outcome_name(outcome);
  }
}

TEST(VlmFaults, TenThousandBrokenBodiesAreRefusedOrRead) {
  std::mt19937_64 random(2);
  const std::string whole = completion(kGood);
  int read = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string body = chat::mutated(whole, random);
    try {
      const chat::Reply reply = chat::read_completion(body, "m", 100, 1U << 20U);
      ++read;
      ASSERT_TRUE(is_valid_utf8(reply.text + reply.refusal + reply.model)) << body;
      ASSERT_GE(reply.usage.prompt_tokens, 0) << body;
      (void)check_vlm_reply(reply, fox_card());
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::kCorruptData) << body;
    }
    (void)chat::read_error(body);
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace stylus::refiner
