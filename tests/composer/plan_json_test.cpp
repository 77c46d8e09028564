#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "composer/plan.h"
#include "tests/composer/sample_shelf.h"
#include "tests/error_code_of.h"

namespace stylus::composer {
namespace {

using testing::HasSubstr;

constexpr const char* kPlan =
    R"({"stylus_plan":1,"prompt":"été at sea","negative_prompt":"",)"
    R"("base":"sd15","catalog":{"revision":4,"adapters":9},"encoder":"e",)"
    R"("composer":{"kind":"local","options":{"max_adapters":2}},"keywords":[)"
    R"({"text":"été","span":[0,5],"decision":"covered","confidence":0.5,)"
    R"("picks":[{"id":"a:1","name":"Summer","score":0.5,"evidence":[)"
    R"({"field":"name","match":"Summer"}]}],"runners_up":[{"id":"a:2",)"
    R"("name":"Sun","score":0.25,"why_not":"not specific enough"}]}],)"
    R"("adapters":[{"id":"a:1","name":"Summer","sha256":"00","file":"s.safetensors",)"
    R"("kind":"lora","base":"sd15","weight":0.6,"text_encoder_weight":0.5,)"
    R"("weight_evidence":{"source":"example_prompts","base":0.6,"median":0.6,"count":3},)"
    R"("keywords":[0],"triggers":[{"text":"sun","inserted":true}],)"
    R"("licence":{"name":"CC0-1.0"}}],"rendered_prompt":"été at sea, sun",)"
    R"("images":[{"seed":1,"mask":[true]}],"warnings":["w"]})";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = kPlan;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::optional<ErrorCode> code_of(const std::string& text) {
  return error_code_of([&] { return plan_from_json(text, "plan.json"); });
}

TEST(PlanJson, ReadsWhatItWroteToTheByte) {
  EXPECT_EQ(plan_to_json(plan_from_json(kPlan, "plan.json")), kPlan);
}

TEST(PlanJson, KeepsFieldsOfNewerVersionsAtEveryLevel) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(kPlan);
  json["zoom"] = {{"b", 1}, {"a", 2}};
  json["keywords"][0]["zoom"] = 1;
  json["keywords"][0]["picks"][0]["zoom"] = 2;
  json["keywords"][0]["runners_up"][0]["zoom"] = 3;
  json["adapters"][0]["zoom"] = 4;
  json["images"][0]["zoom"] = 5;

  const std::string written = plan_to_json(plan_from_json(json.dump(), "plan.json"));

  EXPECT_EQ(nlohmann::json::parse(written), nlohmann::json(json));
}

TEST(PlanJson, RoundsToFourDecimals) {
  Plan plan;
  plan.adapters.resize(1);
  plan.adapters[0].weight = 0.123456;
  plan.adapters[0].text_encoder_weight = -0.00001;

  EXPECT_THAT(plan_to_json(plan), HasSubstr(R"("weight":0.1235,"text_encoder_weight":0.0)"));
}

TEST(PlanJson, RefusesOtherVersions) {
  EXPECT_EQ(code_of(changed("\"stylus_plan\":1", "\"stylus_plan\":2")), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of(changed("\"stylus_plan\":1", "\"stylus_plan\":1.0")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of("{}"), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of("[]"), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of("not json"), ErrorCode::kCorruptData);
}

TEST(PlanJson, RefusesSpansThatAreNotThere) {
  EXPECT_EQ(code_of(changed("[0,5]", "[0,99]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[0,5]", "[5,0]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[0,5]", "[-1,5]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[0,5]", "[1,5]")), ErrorCode::kCorruptData) << "inside a character";
  EXPECT_EQ(code_of(changed("[0,5]", "[0,18446744073709551615]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[0,5]", "[0]")), ErrorCode::kCorruptData);
}

TEST(PlanJson, RefusesKeywordsThatOverlap) {
  const std::string other =
      R"("keywords":[{"text":"t","span":[2,3],"decision":"abstained"},{"text":"été")";
  EXPECT_EQ(code_of(changed(R"("keywords":[{"text":"été")", other)), ErrorCode::kCorruptData);
}

TEST(PlanJson, RefusesIndicesAndMasksThatDoNotFit) {
  EXPECT_EQ(code_of(changed("\"keywords\":[0]", "\"keywords\":[1]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("\"keywords\":[0]", "\"keywords\":[-1]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[true]", "[true,true]")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("[true]", "[1]")), ErrorCode::kCorruptData);
}

TEST(PlanJson, RefusesNumbersThatAreNone) {
  EXPECT_EQ(code_of(changed("\"weight\":0.6", "\"weight\":1e999")), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(changed("\"weight\":0.6", "\"weight\":\"a\"")), ErrorCode::kCorruptData);
}

TEST(PlanJson, SaysWhereItIsWrong) {
  EXPECT_THAT(error_message_of([] {
                return plan_from_json(changed("\"weight\":0.6", "\"weight\":null"), "plan.json");
              }),
              HasSubstr("plan.json.adapters[0].weight must be a number"));
}

// The golden plan was read line by line when it was written; tests/golden/composer/MANIFEST.md.
TEST(PlanJson, EqualsTheGoldenPlan) {
  const std::string file = std::string(STYLUS_TESTS_DIR) + "/golden/composer/lighthouse.plan.json";
  std::ifstream in(file);
  ASSERT_TRUE(in) << file;
  const std::string golden{std::istreambuf_iterator<char>(in), {}};
  SampleShelf shelf;
  ComposeOptions options = SampleShelf::sd15();
  options.images = 2;

  const Plan plan = shelf.plan("a (lighthouse:1.1) in a storm, ukiyo-e, no boats", options);

  EXPECT_EQ(plan_to_json(plan, 2) + "\n", golden);
  EXPECT_EQ(plan_to_json(plan_from_json(golden, "golden"), 2) + "\n", golden);
}

}  // namespace
}  // namespace stylus::composer
