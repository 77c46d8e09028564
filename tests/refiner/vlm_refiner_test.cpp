#include "refiner/vlm_refiner.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/picture.h"
#include "tests/chat/scripted_client.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::refiner {
namespace {

using chat::Finish;
using chat::ScriptedClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

VlmCard fox_card() {
  VlmCard card;
  card.name = "Red Fox v2";
  card.tags = {"animal", "fox"};
  card.triggers = {"rdfx, red fox"};
  card.description = "A fox. Use at weight 0.6-0.8. Trained on 40 pictures.";
  card.example_prompts = {"rdfx in the snow, <lora:redfox:0.7>"};
  return card;
}

constexpr const char* kGood =
    R"({"summary": "A red fox with a bushy tail.", "description": "A red fox with orange fur and a white chest. It suits forests and snow.",
        "categories": ["animal"], "trigger_groups": [["rdfx", "red fox"]], "weight": 0.7})";

TEST(DescribeWithVlm, AcceptsAGoodReply) {
  ScriptedClient client(kGood);

  const VlmResult result = describe_with_vlm(client, fox_card());

  ASSERT_EQ(result.outcome, VlmOutcome::kAccepted) << result.reason;
  EXPECT_EQ(result.description->summary, "A red fox with a bushy tail.");
  EXPECT_THAT(result.description->categories, ElementsAre("animal"));
  EXPECT_THAT(result.description->trigger_groups, ElementsAre(ElementsAre("rdfx", "red fox")));
  EXPECT_EQ(result.description->weight, 0.7);
  EXPECT_EQ(result.model, "scripted-1");
  EXPECT_EQ(result.usage.total(), 150);
  EXPECT_EQ(result.prompt_version, kVlmPromptVersion);
  EXPECT_EQ(result.raw_reply, kGood);
}

TEST(DescribeWithVlm, SendsTheRulesTheCardAndASchema) {
  ScriptedClient client(kGood);

  (void)describe_with_vlm(client, fox_card());

  const chat::Request& request = client.asked.at(0);
  EXPECT_EQ(request.temperature, 0);
  EXPECT_EQ(request.max_reply_tokens, 1000);
  EXPECT_TRUE(nlohmann::json::accept(request.schema_json));
  EXPECT_EQ(request.messages.at(0).role, chat::Role::kSystem);
  EXPECT_THAT(request.messages.at(1).text, HasSubstr("Red Fox v2"));
  EXPECT_THAT(request.messages.at(1).text, HasSubstr("<lora:redfox:0.7>"));
  EXPECT_THAT(request.messages.at(0).text, Not(HasSubstr("Red Fox")));
}

TEST(DescribeWithVlm, SendsAtMostTenPicturesScaledAndWithoutTheirTexts) {
  const TempDir folder;
  VlmCard card = fox_card();
  std::ofstream(folder / "broken.png") << "no picture";
  card.pictures.push_back(folder / "broken.png");
  card.pictures.push_back(folder / "missing.png");
  for (int i = 0; i < 12; ++i) {
    const std::filesystem::path path = folder / (std::to_string(i) + ".png");
    std::ofstream(path, std::ios::binary)
        << encode_png(Picture(900, 300), {{"parameters", "secret prompt"}});
    card.pictures.push_back(path);
  }
  ScriptedClient client(kGood);

  const VlmResult result = describe_with_vlm(client, card);

  EXPECT_EQ(result.pictures_sent, 10);
  const std::vector<chat::MessagePicture>& sent = client.asked.at(0).messages.at(1).pictures;
  ASSERT_EQ(sent.size(), 10U);
  EXPECT_EQ(decode_picture(sent[0].bytes, "sent").width, 512);
  EXPECT_THAT(sent[0].bytes, Not(HasSubstr("secret prompt")));
}

TEST(DescribeWithVlm, AsksAModelWithoutEyesForTheTextAlone) {
  const TempDir folder;
  VlmCard card = fox_card();
  std::ofstream(folder / "a.png", std::ios::binary) << encode_png(Picture(8, 8));
  card.pictures = {folder / "a.png"};
  ScriptedClient client([](const chat::Request& request, std::size_t) {
    if (!request.messages.back().pictures.empty()) {
      throw Error(ErrorCode::kInvalidArgument, "image input is not supported");
    }
    return ScriptedClient::reply(kGood);
  });

  const VlmResult result = describe_with_vlm(client, card);

  EXPECT_EQ(result.outcome, VlmOutcome::kAccepted);
  EXPECT_TRUE(result.pictures_refused);
  EXPECT_EQ(result.pictures_sent, 0);
}

TEST(DescribeWithVlm, TellsTransportFaultsFromSpentBudgets) {
  const auto failing = [](ErrorCode code) {
    return ScriptedClient(
        [code](const chat::Request&, std::size_t) -> chat::Reply { throw Error(code, "why"); });
  };
  {
    ScriptedClient client = failing(ErrorCode::kUnavailable);
    const VlmResult result = describe_with_vlm(client, fox_card());
    EXPECT_EQ(result.outcome, VlmOutcome::kTransport);
    EXPECT_EQ(result.transport_error, ErrorCode::kUnavailable);
    EXPECT_EQ(result.reason, "why");
    EXPECT_FALSE(result.description.has_value());
  }
  for (const ErrorCode code : {ErrorCode::kCancelled, ErrorCode::kNotFound}) {
    ScriptedClient client = failing(code);
    EXPECT_EQ(error_code_of([&] { return describe_with_vlm(client, fox_card()); }), code);
  }
}

VlmOutcome outcome_of(const std::string& text, Finish finish = Finish::kStop) {
  return check_vlm_reply(ScriptedClient::reply(text, finish), fox_card()).outcome;
}

TEST(CheckVlmReply, TellsTheWaysToFailApart) {
  EXPECT_EQ(outcome_of("I'm sorry, but I can't help with that."), VlmOutcome::kRefusal);
  EXPECT_EQ(outcome_of(R"({"summary":"","description":"I cannot describe this.","categories":[]})"),
            VlmOutcome::kRefusal);
  EXPECT_EQ(outcome_of(kGood, Finish::kFilter), VlmOutcome::kRefusal);
  std::string loop = R"({"description": ")";
  for (int i = 0; i < 80; ++i) {
    loop += "a fox with a red tail and ";
  }
  EXPECT_EQ(outcome_of(loop, Finish::kLength), VlmOutcome::kLoop);
  EXPECT_EQ(outcome_of(std::string(kGood).substr(0, 90), Finish::kLength), VlmOutcome::kCutOff);
  EXPECT_EQ(outcome_of(std::string(kGood).substr(0, 90)), VlmOutcome::kCutOff)
      << "some servers do not say that they cut";
  EXPECT_EQ(outcome_of("A fox, red."), VlmOutcome::kNonsense);
  EXPECT_EQ(outcome_of("{}"), VlmOutcome::kNonsense);
  chat::Reply refusal = ScriptedClient::reply("");
  refusal.refusal = "I will not.";
  const VlmResult declined = check_vlm_reply(refusal, fox_card());
  EXPECT_EQ(declined.outcome, VlmOutcome::kRefusal);
  EXPECT_EQ(declined.raw_reply, "I will not.");
}

TEST(CheckVlmReply, TakesAWholeObjectThoughTheReplyWasCut) {
  EXPECT_EQ(outcome_of(std::string(kGood) + "\n\nMoreover", Finish::kLength),
            VlmOutcome::kAccepted);
}

TEST(CheckVlmReply, ReadsTolerantly) {
  const VlmResult result = check_vlm_reply(
      ScriptedClient::reply("Here you are:\n```json\n{\"description\": \"A red fox in snow, with "
                            "orange fur.\", \"categories\": \"Animals\",}\n```"),
      fox_card());

  ASSERT_EQ(result.outcome, VlmOutcome::kAccepted) << result.reason;
  EXPECT_THAT(result.description->categories, ElementsAre("animal"));
  EXPECT_EQ(result.description->summary, "A red fox in snow, with orange fur.");
  EXPECT_EQ(result.description->weight, std::nullopt);
}

}  // namespace
}  // namespace stylus::refiner
