#include "catalog/sidecars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kVersionObject = R"({"id": 77, "modelId": 4242, "name": "v1.0",
  "baseModel": "SD 1.5", "nsfwLevel": 1, "trainedWords": ["lantrn"],
  "description": "<p>first release</p>",
  "model": {"name": "Lantern light", "type": "LORA", "nsfw": false, "poi": false,
            "description": "<p>Warm <b>lantern</b> light.</p>", "tags": ["style", "light"],
            "allowNoCredit": false, "allowCommercialUse": ["Image"]},
  "files": [{"name": "lantern.safetensors", "type": "Model", "hashes": {"AutoV2": "ABCDEF0123"}}],
  "images": [{"meta": {"prompt": "street at night <lora:lantern:0.7>"}},
             {"meta": {"prompt": "alley <lora:lantern:0.9>"}}]})";

/// One adapter file with one sidecar of the given name, imported.
class OneSidecar : public ::testing::Test {
 protected:
  Adapter import_with(const std::string& name, const std::string& text) {
    write_lora(dir / "loras" / "lantern.safetensors", 1, {{"ss_output_name", "inner name"}});
    write_text(dir / "loras" / name, text);
    report = import_paths(catalog, {dir / "loras"}, {});
    return catalog.get(1);
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
  ImportReport report;
};

TEST_F(OneSidecar, OfA1111) {
  const Adapter adapter = import_with("lantern.json",
                                      R"({"description": "Warm light", "sd version": "SD1",
    "activation text": "lantrn, glow || lantrn, dim", "preferred weight": 0.75,
    "negative text": "dark", "notes": "n", "unknown": [1]})");

  EXPECT_EQ(adapter.description, "Warm light");
  EXPECT_THAT(adapter.triggers, ElementsAre("lantrn, glow", "lantrn, dim"));
  EXPECT_THAT(adapter.bases, ElementsAre("sd15"));
  EXPECT_EQ(adapter.advice.weight, 0.75);
  EXPECT_EQ(adapter.advice.source, WeightSource::kUser);
  EXPECT_EQ(adapter.name, "inner name");
}

TEST_F(OneSidecar, OfCivitaiHelper) {
  const Adapter adapter = import_with("lantern.civitai.info", kVersionObject);

  EXPECT_EQ(adapter.name, "Lantern light");
  EXPECT_EQ(adapter.description, "Warm lantern light.");
  EXPECT_THAT(adapter.tags, ElementsAre("style", "light"));
  EXPECT_EQ(adapter.rating, Rating::kSafe);
  EXPECT_EQ(adapter.licence.commercial, "Image");
  EXPECT_EQ(adapter.licence.credit_required, true);
  EXPECT_EQ(adapter.advice.weight, 0.8);
  EXPECT_EQ(adapter.advice.source, WeightSource::kExamplePrompts);
  EXPECT_EQ(catalog.find("civitai:4242")->row, 1);
}

TEST_F(OneSidecar, OfLoraManager) {
  const Adapter adapter = import_with("lantern.metadata.json",
                                      R"({"file_name": "lantern", "model_name": "My lantern",
    "base_model": "SD 1.5", "tags": ["mine"], "modelDescription": "<p>Own text</p>",
    "usage_tips": "{\"strength\": 0.65}", "notes": "note", "civitai": )" +
                                          std::string(kVersionObject) + "}");

  EXPECT_EQ(adapter.name, "My lantern");
  EXPECT_EQ(adapter.description, "Own text");
  EXPECT_THAT(adapter.tags, ElementsAre("mine"));
  EXPECT_THAT(adapter.triggers, ElementsAre("lantrn"));
  EXPECT_EQ(adapter.advice.weight, 0.65);
  EXPECT_EQ(adapter.rating, Rating::kSafe);
  EXPECT_THAT(adapter.example_prompts, SizeIs(2));
}

TEST_F(OneSidecar, OfStabilityMatrix) {
  const Adapter adapter = import_with("lantern.cm-info.json",
                                      R"({"ModelId": 4242, "ModelName": "Lantern light",
    "ModelDescription": "<p>Warm &amp; dim</p>", "Nsfw": true, "Tags": ["style"],
    "ModelType": "LORA", "BaseModel": "SD 1.5", "TrainedWords": ["lantrn"],
    "Hashes": {"SHA256": "00"}, "Source": "Civitai"})");

  EXPECT_EQ(adapter.description, "Warm & dim");
  EXPECT_EQ(adapter.rating, Rating::kAdult);
  EXPECT_THAT(adapter.triggers, ElementsAre("lantrn"));
  EXPECT_TRUE(catalog.find("civitai:4242"));
}

TEST_F(OneSidecar, OfSwarmUi) {
  const Adapter adapter = import_with("lantern.swarm.json",
                                      R"({"modelspec.title": "Swarm lantern",
    "modelspec.trigger_phrase": "lantrn", "modelspec.tags": "style, light",
    "modelspec.license": "CC0-1.0", "modelspec.usage_hint": "best at weight 0.7"})");

  EXPECT_EQ(adapter.name, "Swarm lantern");
  EXPECT_THAT(adapter.tags, ElementsAre("style", "light"));
  EXPECT_EQ(adapter.licence.name, "CC0-1.0");
  EXPECT_EQ(adapter.advice.weight, 0.7);
}

TEST_F(OneSidecar, OfInvokeAi) {
  const Adapter adapter = import_with("lantern.json",
                                      R"({"key": "k", "hash": "blake3:00", "name": "Invoke lantern",
    "description": "From Invoke", "base": "sd-1", "type": "lora",
    "trigger_phrases": ["lantrn"], "default_settings": {"weight": 0.6}})");

  EXPECT_EQ(adapter.name, "Invoke lantern");
  EXPECT_THAT(adapter.triggers, ElementsAre("lantrn"));
  EXPECT_EQ(adapter.advice.weight, 0.6);
}

TEST_F(OneSidecar, OfPlainText) {
  EXPECT_EQ(import_with("lantern.txt", "Just some words.").description, "Just some words.");
}

TEST_F(OneSidecar, ThatIsBrokenIsRefusedAndTheFileStands) {
  const Adapter adapter = import_with("lantern.civitai.info", "{\"model\": ");

  EXPECT_EQ(adapter.name, "inner name");
  EXPECT_EQ(report.added, 1);
  ASSERT_THAT(report.refused, SizeIs(1));
  EXPECT_THAT(report.refused[0].source, HasSubstr("lantern.civitai.info"));
}

TEST_F(OneSidecar, PicturesAreFoundInOrder) {
  write_text(dir / "loras" / "lantern.preview.png", "x");
  write_text(dir / "loras" / "lantern.example.0.jpg", "x");
  write_text(dir / "loras" / "lanternfish.png", "x");

  const Adapter adapter = import_with("lantern.png", "x");

  ASSERT_THAT(adapter.previews, SizeIs(3));
  EXPECT_THAT(adapter.previews[0], HasSubstr("lantern.png"));
  EXPECT_THAT(adapter.previews[1], HasSubstr("lantern.preview.png"));
  EXPECT_THAT(adapter.previews[2], HasSubstr("lantern.example.0.jpg"));
}

TEST_F(OneSidecar, WhatThePersonTypedBeatsWhatWasDownloaded) {
  write_text(dir / "loras" / "lantern.civitai.info", kVersionObject);

  const Adapter adapter =
      import_with("lantern.json", R"({"activation text": "mine", "preferred weight": 0.5})");

  EXPECT_THAT(adapter.triggers, ElementsAre("mine"));
  EXPECT_EQ(adapter.advice.weight, 0.5);
  EXPECT_EQ(adapter.name, "Lantern light");
}

TEST(LoneSidecars, AreCardsUntilTheirFileComes) {
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  write_text(dir / "loras" / "lantern.civitai.info", kVersionObject);
  write_text(dir / "loras" / "other.json", R"({"activation text": "oth", "notes": "n"})");
  write_text(dir / "loras" / "model.cm-info.json", R"({"ModelId": 1, "ModelType": "Checkpoint"})");

  const ImportReport first = import_paths(catalog, {dir / "loras"}, {});
  const ImportReport second = import_paths(catalog, {dir / "loras"}, {});
  write_lora(dir / "loras" / "other.safetensors", 1);
  const ImportReport third = import_paths(catalog, {dir / "loras"}, {});

  EXPECT_EQ(first.added, 2);
  EXPECT_THAT(first.refused, SizeIs(1));
  EXPECT_EQ(catalog.get(1).id, "civitai:4242");
  EXPECT_EQ(second.unchanged, 2);
  EXPECT_EQ(third.changed, 1);
  EXPECT_EQ(catalog.size(), 2);
  EXPECT_THAT(catalog.get(2).places, SizeIs(1));
  EXPECT_THAT(catalog.get(2).triggers, ElementsAre("oth"));
}

TEST(ReadSidecar, RefusesBombsAndIgnoresOtherShapes) {
  const std::string deep(1'000'000, '[');
  for (const SidecarKind kind :
       {SidecarKind::kUserJson, SidecarKind::kLoraManager, SidecarKind::kCivitaiInfo,
        SidecarKind::kStabilityMatrix, SidecarKind::kSwarm}) {
    EXPECT_EQ(error_code_of([&] { return read_sidecar(kind, deep, ExamplePrompts::kKeep); }),
              ErrorCode::kCorruptData);
    EXPECT_FALSE(read_sidecar(kind, "[1, 2]", ExamplePrompts::kKeep));
    EXPECT_NO_THROW((void)read_sidecar(
        kind, R"({"model": 7, "files": {"a": 1}, "images": 3, "civitai": [], "tags": {"x": []},
                  "usage_tips": "{", "Hashes": 1, "trainedWords": 5})",
        ExamplePrompts::kKeep));
  }
  EXPECT_FALSE(read_sidecar(SidecarKind::kUserJson, R"({"nodes": []})", ExamplePrompts::kKeep));
}

TEST(CardOfMetadata, SurvivesDamagedTrainingNotes) {
  for (const char* notes : {"", "{", "[]", "7", R"({"a": 7})", R"({"a": ["x"]})",
                            R"({"10_x": {"t": "many", "": 3}})", R"({"": {}})"}) {
    EXPECT_NO_THROW((void)card_of_metadata({{"ss_tag_frequency", notes}})) << notes;
  }
  EXPECT_EQ(card_of_metadata({{"modelspec.title", "None"}}).name, "");
}

}  // namespace
}  // namespace stylus::catalog
