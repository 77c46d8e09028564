#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/catalog/content_dump.h"
#include "tests/error_code_of.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::filesystem::path real_cards(const std::string& name) {
  return shared_data() / "catalog" / name;
}

TEST(ImportRealCards, EveryCardIsAccountedForAndASecondImportChangesNothing) {
  STYLUS_NEEDS_SHARED_DATA();
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);

  const ImportReport first = import_paths(catalog, {real_cards("lora_catalog_sfw.jsonl")}, {});
  const ImportReport second = import_paths(catalog, {real_cards("lora_catalog_sfw.jsonl")}, {});
  // The same cards under other spellings of their ids, and 618 of other lists.
  const ImportReport both = import_paths(catalog, {real_cards("lora_union_sfw.jsonl")}, {});

  EXPECT_EQ(first.seen, 5155);
  EXPECT_EQ(first.added, 5155);
  EXPECT_EQ(second.unchanged, 5155);
  EXPECT_EQ(both.unchanged, 5155);
  EXPECT_EQ(both.added, 618);
  EXPECT_TRUE(first.refused.empty() && both.refused.empty());
  EXPECT_EQ(catalog.revision(), 5773);
  EXPECT_EQ(RawDatabase(dir / "catalog.db").damage(), "");
}

TEST(ImportRealCards, KnownCardsKeepTheirFields) {
  STYLUS_NEEDS_SHARED_DATA();
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  (void)import_paths(catalog, {real_cards("lora_catalog_sfw.jsonl")}, {});

  const Adapter first = catalog.get(1);
  const Adapter lux = *catalog.find("civitai:3774");

  EXPECT_EQ(first.id, "civitai:3679");
  EXPECT_THAT(first.bases, ElementsAre("sd15"));
  EXPECT_THAT(first.tags, SizeIs(5));
  EXPECT_EQ(first.file_name, "badvhs_v1.safetensors");
  EXPECT_EQ(first.licence.commercial, "Sell");
  EXPECT_EQ(first.licence.credit_required, false);
  EXPECT_EQ(first.rating, Rating::kSafe);
  EXPECT_EQ(lux.advice.source, WeightSource::kExamplePrompts);
  EXPECT_EQ(lux.advice.weight, 1.0);
  EXPECT_EQ(lux.advice.count, 4);
  EXPECT_THAT(lux.categories, Contains("character"));
}

class ImportCards : public ::testing::Test {
 protected:
  ImportReport import_text(std::string_view text, const ImportOptions& options = {}) {
    write_text(dir / "cards.jsonl", text);
    return import_paths(catalog, {dir / "cards.jsonl"}, options);
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(ImportCards, ABadLineStopsNothingElse) {
  const ImportReport report = import_text(
      "\xEF\xBB\xBF{\"id\": 1, \"name\": \"one\"}\r\n\n{ broken\n{\"name\": \"no id\"}\n"
      "{\"id\": 2, \"name\": \"two \xC3\x28\"}\n{\"id\": 3, \"name\": \"last\"}");

  EXPECT_EQ(report.seen, 5);
  EXPECT_EQ(report.added, 2);
  ASSERT_THAT(report.refused, SizeIs(3));
  EXPECT_EQ(report.refused[0].source, "cards.jsonl:3");
  EXPECT_EQ(report.refused[1].source, "cards.jsonl:4");
  EXPECT_THAT(report.refused[1].reason, HasSubstr("no id"));
  EXPECT_EQ(report.refused[2].source, "cards.jsonl:5");
}

TEST_F(ImportCards, ARepeatedIdIsRefusedAndNamesTheFirstLine) {
  const char* text = R"({"id": 5, "name": "first"}
{"id": "civitai:5", "name": "second"}
{"id": 5, "name": "first"}
)";

  const ImportReport first = import_text(text);
  const ImportReport second = import_text(text);

  for (const ImportReport* report : {&first, &second}) {
    ASSERT_THAT(report->refused, SizeIs(2));
    EXPECT_EQ(report->refused[0].source, "cards.jsonl:2");
    EXPECT_THAT(report->refused[0].reason, HasSubstr("line 1"));
  }
  EXPECT_EQ(second.unchanged, 1);
  EXPECT_EQ(catalog.get(1).name, "first");
}

TEST_F(ImportCards, OnlyChangedCardsCount) {
  (void)import_text(R"({"id": 1, "name": "one"}
{"id": 2, "name": "two"})");
  const ImportReport report = import_text(R"({"id": 1,   "name": "one"}
{"id": 2, "name": "two, renamed"}
{"id": 3, "name": "three"})");

  EXPECT_EQ(report.unchanged, 1);
  EXPECT_EQ(report.changed, 1);
  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(catalog.revision(), 4);
}

TEST_F(ImportCards, TheExamplePromptsMayComeLater) {
  const char* text = R"({"id": 1, "name": "one", "example_prompts": ["a prompt"]})";

  (void)import_text(text, {.example_prompts = false});
  const std::size_t without = catalog.get(1).example_prompts.size();
  const ImportReport report = import_text(text);

  EXPECT_EQ(without, 0U);
  EXPECT_EQ(report.changed, 1);
  EXPECT_THAT(catalog.get(1).example_prompts, ElementsAre("a prompt"));
}

TEST_F(ImportCards, ALineOfManyMegabytesIsRefusedWithoutReadingItIn) {
  const ImportReport report =
      import_text(R"({"id": 1, "name": ")" + std::string(std::size_t{9} << 20U, 'x') +
                  "\"}\n{\"id\": 2, \"name\": \"two\"}\n");

  ASSERT_THAT(report.refused, SizeIs(1));
  EXPECT_THAT(report.refused[0].reason, HasSubstr("8 MB"));
  EXPECT_EQ(report.added, 1);
}

TEST_F(ImportCards, ADryRunTellsWhatWouldHappen) {
  ImportOptions options;
  options.dry_run = true;

  const ImportReport report = import_text("{\"id\": 1}\n{\"id\": 1}\n{\"id\": 2}\n", options);

  EXPECT_EQ(report.added, 2);
  EXPECT_THAT(report.refused, SizeIs(1));
  EXPECT_EQ(catalog.size(), 0);
}

TEST_F(ImportCards, ACancelledImportKeepsWhatIsFinishedAndGoesOn) {
  std::string text;
  for (int i = 1; i <= 1000; ++i) {
    text += R"({"id": )" + std::to_string(i) + R"(, "name": "adapter"})" + "\n";
  }
  ImportOptions options;
  options.progress = [](const Progress& progress) {
    if (progress.done >= 500) {
      throw Error(ErrorCode::kCancelled, "enough");
    }
  };

  const auto cancelled = error_code_of([&] { return import_text(text, options); });
  const std::int64_t kept = catalog.size();
  const ImportReport rest = import_text(text);
  Catalog undisturbed(dir / "undisturbed.db", OpenMode::kReadWrite);
  (void)import_paths(undisturbed, {dir / "cards.jsonl"}, {});

  EXPECT_EQ(cancelled, ErrorCode::kCancelled);
  EXPECT_EQ(kept, 500);
  EXPECT_EQ(rest.unchanged, 500);
  EXPECT_EQ(rest.added, 500);
  EXPECT_EQ(RawDatabase(dir / "catalog.db").content(),
            RawDatabase(dir / "undisturbed.db").content());
}

TEST_F(ImportCards, ACardWithoutANameIsCalledByItsId) {
  (void)import_text(R"({"id": "mine:1"})");

  EXPECT_EQ(catalog.get(1).name, "mine:1");
  EXPECT_EQ(catalog.get(1).advice.weight, 0.8);
  EXPECT_EQ(catalog.get(1).advice.source, WeightSource::kDefault);
}

}  // namespace
}  // namespace stylus::catalog
