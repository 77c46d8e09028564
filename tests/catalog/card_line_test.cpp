#include "catalog/card_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/error_code_of.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Card read(const std::string& line) { return read_card_line(line, ExamplePrompts::kKeep); }

TEST(ReadCardLine, ANumberBecomesACivitaiOriginAndATextStays) {
  EXPECT_EQ(read(R"({"id": 3679})").id, "civitai:3679");
  EXPECT_EQ(read(R"({"id": 3679.0})").id, "civitai:3679");
  EXPECT_EQ(read(R"({"id": "flux-dlc:12"})").id, "flux-dlc:12");
}

TEST(ReadCardLine, RefusesACardWithoutAUsableId) {
  for (const char* line : {"{}", R"({"id": null})", R"({"id": -4})", R"({"id": 1.5})",
                           R"({"id": 1e300})", R"({"id": ""})", R"({"id": [1]})", "[]", "7"}) {
    EXPECT_EQ(error_code_of([&] { return read(line); }), ErrorCode::kCorruptData) << line;
  }
}

TEST(ReadCardLine, ReadsAllFieldsOfACardList) {
  const Card card = read(R"({"id": 1, "name": " Paper  cranes ", "type": "LORA",
    "base_model": ["SD 1.5", "SD 1.4", "Something Else"], "tags": ["style", "style", ""],
    "trained_words": ["crn, fold"], "description_text": "Line one\r\nline two\u0000",
    "nsfw": false, "stats": {"downloads": 12}, "file_names": ["a.pt", "a.safetensors"],
    "files": [{"sha256": "38351C1647A1008A3C9890105D4FE9B17930F0157D64AF3F6B7CE80E01EB8129"}],
    "licence_flags": {"no_credit": false, "commercial": "Rent", "derivatives": true,
                      "other_licence": false},
    "example_prompts": ["a crane", "a crane", "two"], "observed_weights": {"n": 4, "median": 0.7},
    "source": "a list"})");

  EXPECT_EQ(card.name, "Paper cranes");
  EXPECT_EQ(card.kind, "lora");
  EXPECT_THAT(card.bases, ElementsAre("sd15"));
  EXPECT_THAT(card.tags, ElementsAre("style"));
  EXPECT_THAT(card.triggers, ElementsAre("crn, fold"));
  EXPECT_EQ(card.description, "Line one\nline two");
  EXPECT_EQ(card.rating, Rating::kSafe);
  EXPECT_EQ(card.downloads, 12);
  EXPECT_THAT(card.hashes,
              ElementsAre("38351c1647a1008a3c9890105d4fe9b17930f0157d64af3f6b7ce80e01eb8129"));
  EXPECT_EQ(card.licence.commercial, "Rent");
  EXPECT_EQ(card.licence.credit_required, true);
  EXPECT_EQ(card.licence.different_licence, false);
  EXPECT_THAT(card.example_prompts, ElementsAre("a crane", "two"));
  EXPECT_EQ(card.advice.source, WeightSource::kExamplePrompts);
  EXPECT_EQ(card.advice.weight, 0.7);
  EXPECT_EQ(card.advice.count, 4);
}

TEST(ReadCardLine, FieldsOfOddTypesAreSilence) {
  const Card card = read(R"({"id": "x", "name": 7, "type": null, "base_model": {"a": 1},
    "tags": "one tag", "trained_words": [1, null, "yes"], "description_text": [],
    "nsfw": "maybe", "stats": [], "file_names": {"a": 1}, "files": ["x", {"sha256": 3}],
    "licence_flags": 9, "example_prompts": "just one", "observed_weights": [1]})");

  EXPECT_EQ(card.name, "");
  EXPECT_EQ(card.kind, "lora");
  EXPECT_TRUE(card.bases.empty());
  EXPECT_THAT(card.tags, ElementsAre("one tag"));
  EXPECT_THAT(card.triggers, ElementsAre("yes"));
  EXPECT_EQ(card.rating, std::nullopt);
  EXPECT_THAT(card.example_prompts, ElementsAre("just one"));
  EXPECT_EQ(card.advice.source, WeightSource::kDefault);
}

TEST(ReadCardLine, TheWeightComesFromExamplePromptsThenFromTheText) {
  const char* line = R"({"id": 1, "file_names": ["crn_v2.safetensors"],
    "description_text": "Recommended weight: 0.6",
    "example_prompts": ["a <lora:crn_v2:0.8>", "b <lora:CRN_v2:0.9>, <lora:other:0.1>",
                        "c <lora:crn_v2:1>"]})";

  const WeightAdvice with = read(line).advice;
  const WeightAdvice without = read_card_line(line, ExamplePrompts::kDrop).advice;

  EXPECT_EQ(with.weight, 0.9);
  EXPECT_EQ(with.count, 3);
  EXPECT_EQ(without.source, WeightSource::kCard);
  EXPECT_EQ(without.weight, 0.6);
  EXPECT_EQ(without.evidence, "weight: 0.6");
}

TEST(ReadCardLine, VersionNotesAreKeptAndTheirWeightComesLast) {
  const Card silent = read(R"({"id": 1, "description_text": "Sand.",
    "version_notes": ["Weight: 0.6\nred coat, scarf", "", "more dunes"]})");
  const Card louder = read(R"({"id": 1, "description_text": "Weight: 0.9",
    "version_notes": ["Weight: 0.6"]})");

  EXPECT_THAT(silent.version_notes, ElementsAre("Weight: 0.6\nred coat, scarf", "more dunes"));
  EXPECT_EQ(silent.description, "Sand.");
  EXPECT_EQ(silent.advice.weight, 0.6);
  EXPECT_EQ(louder.advice.weight, 0.9);
}

TEST(ReadCardLine, WithoutExamplePromptsNoneAreKept) {
  EXPECT_TRUE(read_card_line(R"({"id": 1, "example_prompts": ["x"]})", ExamplePrompts::kDrop)
                  .example_prompts.empty());
}

TEST(ReadCardLine, ReadsAModelObjectOfTheApi) {
  const Card card = read(R"({"id": 9, "name": "Dunes", "type": "LoCon", "nsfw": false,
    "nsfwLevel": 3, "poi": true, "description": "<p>Sand &amp; wind.<br>Weight 0.7</p>",
    "allowNoCredit": true, "allowCommercialUse": ["Image", "RentCivit"], "tags": ["background"],
    "stats": {"downloadCount": 5}, "modelVersions": [{"baseModel": "SDXL 1.0",
      "description": "<p>Wetter sand</p>",
      "trainedWords": ["dunes"], "files": [{"name": "dunes.safetensors", "type": "Model"},
      {"name": "train.zip", "type": "Training Data"}],
      "images": [{"meta": {"prompt": "dunes at dawn"}}, {"meta": null}]}]})");

  EXPECT_EQ(card.id, "civitai:9");
  EXPECT_EQ(card.description, "Sand & wind.\nWeight 0.7");
  EXPECT_THAT(card.version_notes, ElementsAre("Wetter sand"));
  EXPECT_THAT(card.bases, ElementsAre("sdxl"));
  EXPECT_THAT(card.file_names, ElementsAre("dunes.safetensors"));
  EXPECT_THAT(card.example_prompts, ElementsAre("dunes at dawn"));
  EXPECT_EQ(card.licence.commercial, "Rent");
  EXPECT_TRUE(card.real_person);
  EXPECT_EQ(card.advice.weight, 0.7);
}

TEST(ReadCardLine, RefusesWhatIsNoAdapter) {
  EXPECT_EQ(error_code_of([] { return read(R"({"id": 1, "type": "Checkpoint"})"); }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(
      error_code_of([] { return read(R"({"id": 1, "type": "Controlnet", "modelVersions": []})"); }),
      ErrorCode::kUnsupported);
}

TEST(ReadCardLine, RefusesBombsAndBrokenText) {
  const std::string deep = R"({"id": 1, "tags": )" + std::string(1'000'000, '[') + "}";
  const std::string invalid = "{\"id\": \"a\xFF\"}";
  const std::string huge = R"({"id": 1, "nsfwLevel": 1)" + std::string(400, '0') + "}";
  const std::string cut = R"({"id": 1, "name": "half)";
  for (const std::string* line : {&deep, &invalid, &huge, &cut}) {
    EXPECT_EQ(error_code_of([&] { return read(*line); }), ErrorCode::kCorruptData)
        << line->substr(0, 40);
  }
}

TEST(ReadCardLine, CutsTextsThatAreTooLong) {
  const Card card = read(R"({"id": 1, "name": ")" + std::string(5000, 'n') +
                         R"(", "description_text": ")" + std::string(1'000'000, 'd') + "\"}");

  EXPECT_EQ(card.name.size(), kMaxNameBytes);
  EXPECT_EQ(card.description.size(), kMaxDescriptionBytes);
}

TEST(MergeCards, TheStrongerSourceFillsTheFieldAndTheCarefulSideWins) {
  Card strong;
  strong.name = "Strong";
  strong.rating = Rating::kSafe;
  strong.advice = {0.7, WeightSource::kCard, 0, "weight 0.7"};
  Card weak;
  weak.name = "Weak";
  weak.description = "Only here.";
  weak.rating = Rating::kAdult;
  weak.real_person = true;
  weak.advice = {0.5, WeightSource::kUser, 0, "preferred weight"};

  const Card merged = merge_cards({strong, weak});

  EXPECT_EQ(merged.name, "Strong");
  EXPECT_EQ(merged.description, "Only here.");
  EXPECT_EQ(merged.rating, Rating::kAdult);
  EXPECT_TRUE(merged.real_person);
  EXPECT_EQ(merged.advice.weight, 0.5);
}

TEST(CardJson, ComesBackAsItWas) {
  const Card card = read(R"({"id": 1, "name": "N", "nsfw": true, "tags": ["a"], "licence": "MIT",
    "trained_words": ["t"], "description_text": "weight 0.7", "example_prompts": ["p"],
    "licence_flags": {"no_credit": true, "commercial": "Sell"}})");

  EXPECT_EQ(card_from_json(card_to_json(card)), card);
  EXPECT_EQ(error_code_of([] { return card_from_json("{}"); }), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::catalog
