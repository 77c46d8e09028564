#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// A catalogue and a folder of adapters beside it.
class ImportFolder : public ::testing::Test {
 protected:
  ImportReport import_again() { return import_paths(catalog, {loras}, {}); }

  TempDir dir;
  std::filesystem::path loras = dir / "loras";
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(ImportFolder, AFileWithoutAnySidecarIsDescribedByItself) {
  write_lora(loras / "ukiyoe.safetensors", 0.5F,
             {{"ss_output_name", "Ukiyo-e prints"},
              {"ss_base_model_version", "sd_v1"},
              {"modelspec.trigger_phrase", "ukyprint"},
              {"ss_tag_frequency", R"({"10_wave": {"1girl": 90, "woodblock": 40, "sea": 12}})"}});

  const ImportReport report = import_again();
  const Adapter adapter = catalog.get(1);

  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(adapter.name, "Ukiyo-e prints");
  EXPECT_EQ(adapter.id, "sha256:" + adapter.sha256);
  EXPECT_THAT(adapter.bases, ElementsAre("sd15"));
  EXPECT_THAT(adapter.triggers, ElementsAre("ukyprint"));
  EXPECT_THAT(adapter.tags, ElementsAre("woodblock", "sea"));
  EXPECT_EQ(adapter.file_name, "ukiyoe.safetensors");
  EXPECT_EQ(adapter.rank, 1);
  EXPECT_NEAR(adapter.frobenius_norm, 0.5 * 0.5 * 0.5 * 320, 1e-3);
  EXPECT_EQ(adapter.rating, Rating::kUnrated);
  EXPECT_THAT(adapter.places, SizeIs(1));
}

TEST_F(ImportFolder, ASecondImportOpensNothingAndChangesNothing) {
  write_lora(loras / "a.safetensors", 1);
  write_lora(loras / "deep" / "b.safetensors", 2);
  write_text(loras / "a.json", R"({"activation text": "aaa"})");
  (void)import_again();
  const std::int64_t revision = catalog.revision();

  const ImportReport report = import_again();

  EXPECT_EQ(report.unchanged, 2);
  EXPECT_EQ(report.seen, 2);
  EXPECT_EQ(catalog.revision(), revision);
}

TEST_F(ImportFolder, AChangedSidecarIsReadAgain) {
  write_lora(loras / "a.safetensors", 1);
  write_text(loras / "a.json", R"({"activation text": "before"})");
  (void)import_again();
  write_text(loras / "a.json", R"({"activation text": "afterwards", "preferred weight": 0.65})");

  const ImportReport report = import_again();
  const Adapter adapter = catalog.get(1);

  EXPECT_EQ(report.changed, 1);
  EXPECT_THAT(adapter.triggers, ElementsAre("afterwards"));
  EXPECT_EQ(adapter.advice.weight, 0.65);
  EXPECT_EQ(adapter.advice.source, WeightSource::kUser);
}

TEST_F(ImportFolder, ASidecarThatGoesAwayTakesItsWordsAlong) {
  write_lora(loras / "a.safetensors", 1);
  write_text(loras / "a.json", R"({"activation text": "gone soon"})");
  (void)import_again();
  std::filesystem::remove(loras / "a.json");

  EXPECT_EQ(import_again().changed, 1);
  EXPECT_TRUE(catalog.get(1).triggers.empty());
}

TEST_F(ImportFolder, AMovedFileKeepsItsRowAndOverlay) {
  write_lora(loras / "old.safetensors", 1);
  (void)import_again();
  Overlay overlay;
  overlay.favourite = true;
  catalog.set_overlay(1, overlay);
  std::filesystem::create_directories(loras / "sorted");
  std::filesystem::rename(loras / "old.safetensors", loras / "sorted" / "new.safetensors");

  const ImportReport report = import_again();
  const Adapter adapter = catalog.get(1);

  EXPECT_EQ(report.changed, 1);
  EXPECT_EQ(report.missing, 0);
  EXPECT_EQ(catalog.size(), 1);
  EXPECT_TRUE(adapter.overlay.favourite);
  ASSERT_THAT(adapter.places, SizeIs(1));
  EXPECT_THAT(adapter.places[0].path, HasSubstr("sorted/new.safetensors"));
  EXPECT_EQ(adapter.file_name, "new.safetensors");
}

TEST_F(ImportFolder, AVanishedFileIsMarkedAndComesBack) {
  write_lora(loras / "a.safetensors", 1);
  (void)import_again();
  std::filesystem::rename(loras / "a.safetensors", dir / "a.safetensors");

  const ImportReport gone = import_again();
  const bool was_missing = catalog.get(1).places.at(0).missing;
  const std::size_t installed =
      catalog.compile({.allow_unrated = true, .only_installed = true}).allowed.size();
  std::filesystem::rename(dir / "a.safetensors", loras / "a.safetensors");
  const ImportReport back = import_again();

  EXPECT_EQ(gone.missing, 1);
  EXPECT_TRUE(was_missing);
  EXPECT_EQ(installed, 0U);
  EXPECT_EQ(back.changed, 1);
  EXPECT_FALSE(catalog.get(1).places.at(0).missing);
}

TEST_F(ImportFolder, TheSameBytesInTwoPlacesAreOneAdapter) {
  write_lora(loras / "a.safetensors", 1);
  write_lora(loras / "copy" / "b.safetensors", 1);

  const ImportReport report = import_again();

  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(report.duplicates, 1);
  EXPECT_EQ(catalog.size(), 1);
  EXPECT_THAT(catalog.get(1).places, SizeIs(2));
  EXPECT_EQ(import_again().unchanged, 2);
}

TEST_F(ImportFolder, OtherBytesUnderAnOldNameAreAnotherAdapter) {
  write_lora(loras / "a.safetensors", 1);
  (void)import_again();
  write_lora(loras / "a.safetensors", 2, {{"ss_output_name", "second"}});

  const ImportReport report = import_again();

  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(catalog.size(), 2);
  EXPECT_EQ(catalog.get(1).name, "a");
  EXPECT_TRUE(catalog.get(1).places.empty());
  EXPECT_EQ(catalog.get(2).name, "second");
}

TEST_F(ImportFolder, AFileMeetsTheCardThatListsItsHash) {
  write_lora(loras / "a.safetensors", 1);
  (void)import_again();
  const std::string hash = catalog.get(1).sha256;
  Catalog other(dir / "other.db", OpenMode::kReadWrite);
  write_text(dir / "cards.jsonl",
             R"({"id": 7, "name": "Paper cranes", "base_model": ["SD 1.5"], "tags": ["style"],)"
             R"( "trained_words": ["crn"], "nsfw": false, "files": [{"sha256": ")" +
                 hash + "\"}]}\n");

  (void)import_paths(other, {dir / "cards.jsonl"}, {});
  const ImportReport with_file = import_paths(other, {loras}, {});
  (void)import_paths(catalog, {dir / "cards.jsonl"}, {});

  EXPECT_EQ(with_file.changed, 1);
  EXPECT_EQ(other.size(), 1);
  EXPECT_EQ(other.get(1).id, "civitai:7");
  EXPECT_EQ(other.get(1).name, "Paper cranes");
  EXPECT_THAT(other.get(1).places, SizeIs(1));
  // The other way round the file was there first: one adapter all the same.
  EXPECT_EQ(catalog.size(), 1);
  EXPECT_EQ(catalog.get(1).name, "Paper cranes");
  ASSERT_TRUE(catalog.find("civitai:7"));
  EXPECT_EQ(catalog.find("civitai:7")->row, 1);
}

TEST_F(ImportFolder, PicklesAndDamagedFilesAreRefusedWithTheirReason) {
  write_text(loras / "old.pt", "PK\x03\x04 whatever");
  write_text(loras / "cut.safetensors", std::string("\xFF\x00\x00\x00\x00\x00\x00\x00{", 9));
  write_lora(loras / "good.safetensors", 1);

  const ImportReport report = import_again();

  EXPECT_EQ(report.seen, 3);
  EXPECT_EQ(report.added, 1);
  ASSERT_THAT(report.refused, SizeIs(2));
  EXPECT_THAT(report.refused[0].source, HasSubstr("cut.safetensors"));
  EXPECT_THAT(report.refused[1].source, HasSubstr("old.pt"));
  EXPECT_THAT(report.refused[1].reason, HasSubstr("safetensors"));
}

TEST_F(ImportFolder, OtherFilesAreCountedAndLeftAlone) {
  write_text(loras / "workflow.json", R"({"nodes": []})");
  write_text(loras / "broken.json", "{");
  write_text(loras / "readme.md", "hello");
  write_text(loras / "notes.txt", "hello");

  const ImportReport report = import_again();

  EXPECT_EQ(report.seen, 0);
  EXPECT_EQ(report.ignored, 4);
  EXPECT_TRUE(report.refused.empty());
}

TEST_F(ImportFolder, ADryRunReportsTheSameAndStoresNothing) {
  write_lora(loras / "a.safetensors", 1);
  write_lora(loras / "b.safetensors", 2);
  ImportOptions options;
  options.dry_run = true;

  const ImportReport report = import_paths(catalog, {loras}, options);

  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(catalog.size(), 0);
  EXPECT_EQ(catalog.revision(), 0);
}

TEST_F(ImportFolder, AFolderThatLinksToItselfEnds) {
  write_lora(loras / "a.safetensors", 1);
  std::filesystem::create_directory_symlink(loras, loras / "again");

  EXPECT_EQ(import_again().seen, 1);
}

TEST_F(ImportFolder, TheRealFilesAreShelvedOrRefused) {
  STYLUS_NEEDS_SHARED_DATA();
  const ImportReport report = import_paths(catalog, {shared_data() / "loras"}, {});

  // 29 files: one truncated and one pickle are refused, one is a byte-identical copy.
  EXPECT_EQ(report.seen, report.added + report.duplicates + report.changed + report.unchanged +
                             static_cast<std::int64_t>(report.refused.size()));
  EXPECT_EQ(report.duplicates, 1);
  std::vector<std::string> refused;
  for (const Refusal& refusal : report.refused) {
    refused.push_back(std::filesystem::path(refusal.source).filename().string());
  }
  EXPECT_THAT(refused, ::testing::UnorderedElementsAre("catundchat_noprefix.bin",
                                                       "srikanth_sdxl_TRUNCATED.safetensors"));
}

TEST_F(ImportFolder, RefusesAPathThatIsNotThere) {
  EXPECT_EQ(error_code_of([&] { return import_paths(catalog, {dir / "nowhere"}, {}); }),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stylus::catalog
