#include "catalog/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/importer.h"
#include "catalog/lint.h"
#include "tests/catalog/adapter_files.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class Maintenance : public ::testing::Test {
 protected:
  void import_cards(const std::string& cards) {
    write_text(dir / "cards.jsonl", cards);
    (void)import_paths(catalog, {dir / "cards.jsonl"}, {});
  }
  std::vector<LintRule> rules_of(AdapterRow row) const {
    std::vector<LintRule> rules;
    for (const LintFinding& finding : lint(catalog, {.generic_from = 3})) {
      if (finding.row == row) {
        rules.push_back(finding.rule);
      }
    }
    return rules;
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

constexpr const char* kText =
    "A quiet harbour in the morning mist with small boats, painted in soft colours by nobody "
    "in particular, made for calm pictures of water and wood";

TEST_F(Maintenance, FindsDuplicatesByHashOriginAndText) {
  const std::string hash(64, 'b');
  import_cards(R"({"id": 1, "name": "Harbour mist", "description_text": ")" + std::string(kText) +
               R"(", "base_model": ["SD 1.5"]}
{"id": 2, "name": "Harbour mist v2", "description_text": ")" +
               std::string(kText) +
               R"( today", "base_model": ["SD 1.5"]}
{"id": 3, "name": "Harbour mist", "description_text": ")" +
               std::string(kText) +
               R"(", "base_model": ["SDXL 1.0"]}
{"id": 4, "name": "First", "files": [{"sha256": ")" +
               hash + R"("}]}
{"id": 5, "name": "Second", "files": [{"sha256": ")" +
               hash + R"("}]}
)");

  const std::vector<DuplicateGroup> groups = duplicates(catalog);

  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].reason, DuplicateReason::kSameBytes);
  EXPECT_THAT(groups[0].rows, ElementsAre(4, 5));
  EXPECT_EQ(groups[0].evidence, hash);
  EXPECT_EQ(groups[1].reason, DuplicateReason::kSimilarText);
  EXPECT_THAT(groups[1].rows, ElementsAre(1, 2));
  EXPECT_THAT(groups[1].evidence, HasSubstr("similarity 0.9"));
}

TEST_F(Maintenance, AnAuthorsBoilerplateDoesNotMakeDuplicates) {
  import_cards(R"({"id": 1, "name": "Castle Grey", "description_text": ")" + std::string(kText) +
               R"(", "base_model": ["SD 1.5"]}
{"id": 2, "name": "Submarine", "description_text": ")" +
               std::string(kText) +
               R"(", "base_model": ["SD 1.5"]}
)");

  EXPECT_TRUE(duplicates(catalog).empty());
}

TEST_F(Maintenance, LintNamesWhatIsWrong) {
  import_cards(
      R"({"id": 1, "name": "good", "description_text": "d", "trained_words": ["grk"], "base_model": ["SD 1.5"], "nsfw": false}
{"id": 2, "name": "bare"}
{"id": 3, "name": "g1", "description_text": "d", "trained_words": ["1girl, masterpiece"], "base_model": ["SD 1.5"], "nsfw": false}
{"id": 4, "name": "g2", "description_text": "d", "trained_words": ["shared"], "base_model": ["SD 1.5"], "nsfw": false}
{"id": 5, "name": "g3", "description_text": "d", "trained_words": ["shared, own"], "base_model": ["SD 1.5"], "nsfw": false}
{"id": 6, "name": "g4", "description_text": "d", "trained_words": ["shared"], "base_model": ["SD 1.5"], "nsfw": false}
)");
  write_lora(dir / "loras" / "wrong.safetensors", 1);
  write_text(dir / "loras" / "wrong.json",
             R"({"description": "d", "activation text": "wrg", "sd version": "SDXL"})");
  (void)import_paths(catalog, {dir / "loras"}, {});
  std::filesystem::remove(dir / "loras" / "wrong.safetensors");
  (void)import_paths(catalog, {dir / "loras"}, {});

  EXPECT_THAT(rules_of(1), ElementsAre());
  EXPECT_THAT(rules_of(2), ElementsAre(LintRule::kNoDescription, LintRule::kNoTrigger,
                                       LintRule::kNoBase, LintRule::kUnrated));
  EXPECT_THAT(rules_of(3), ElementsAre(LintRule::kGenericTrigger));
  EXPECT_THAT(rules_of(4), ElementsAre(LintRule::kGenericTrigger));
  EXPECT_THAT(rules_of(5), ElementsAre());
  EXPECT_THAT(rules_of(7), ElementsAre(LintRule::kBaseContradiction, LintRule::kMissingFile,
                                       LintRule::kUnrated));
}

TEST_F(Maintenance, StatsCountTheRealCards) {
  STYLUS_NEEDS_SHARED_DATA();
  (void)import_paths(catalog, {shared_data() / "catalog" / "lora_catalog_sfw.jsonl"}, {});

  const CatalogStats counted = stats(catalog);

  EXPECT_EQ(counted.adapters, 5155);
  EXPECT_EQ(counted.revision, 5155);
  EXPECT_EQ(counted.without_description, 159);
  EXPECT_EQ(counted.without_triggers, 905);
  EXPECT_THAT(counted.bases, Contains(Pair("other", 736)));
  EXPECT_EQ(counted.bases.front().first, "sd15");
  EXPECT_THAT(counted.kinds, ElementsAre(Pair("lora", 5155)));
}

}  // namespace
}  // namespace stylus::catalog
