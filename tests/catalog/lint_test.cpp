#include "catalog/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Lint : public testing::Test {
 protected:
  void import(const std::string& card) {
    write_text(dir_ / "cards.jsonl", card);
    (void)import_paths(catalog_, {dir_ / "cards.jsonl"}, {});
  }

  /// Messages of one rule.
  std::vector<std::string> messages(LintRule rule, const LintOptions& options = {}) const {
    std::vector<std::string> found;
    for (const LintFinding& finding : lint(catalog_, options)) {
      if (finding.rule == rule) {
        found.push_back(finding.message);
      }
    }
    return found;
  }

  TempDir dir_;
  Catalog catalog_{dir_ / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(Lint, ExamplePromptsThatContradictTheCardsNumber) {
  const std::string card = R"({"id": 1, "name": "Kite", "description_text": "weight 0.4-0.6 please",
    "file_names": ["kite.safetensors"], "example_prompts": ["<lora:kite:)";
  std::string one_line = card + "1.2>\"]}";
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  import(one_line);
  EXPECT_THAT(messages(LintRule::kWeightContradiction),
              Contains(testing::AllOf(HasSubstr("1.2"), HasSubstr("0.4 to 0.6"))));

  one_line = card + "0.7>\"]}";
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  import(one_line);
  EXPECT_THAT(messages(LintRule::kWeightContradiction), IsEmpty()) << "0.1 off is no contradiction";
}

TEST_F(Lint, TheUsersWeightAgainstTheCards) {
  import(R"({"id": 1, "name": "Kite", "description_text": "recommended weight 0.5"})");
  EXPECT_THAT(messages(LintRule::kWeightContradiction), IsEmpty());
  Overlay overlay;
  overlay.weight = 1.5;
  catalog_.set_overlay(1, overlay);

  EXPECT_THAT(messages(LintRule::kWeightContradiction), Contains(HasSubstr("your weight is 1.5")));
}

TEST_F(Lint, ANameThatSpeaksOfAnotherBase) {
  import(R"({"id": 1, "name": "Harbour night [SDXL]", "base_model": ["SD 1.5"]})");
  EXPECT_THAT(messages(LintRule::kTextContradiction), Contains(HasSubstr("sdxl")));
  import(R"({"id": 1, "name": "Harbour night [SDXL]", "base_model": ["SDXL 1.0"]})");
  EXPECT_THAT(messages(LintRule::kTextContradiction), IsEmpty());
}

TEST_F(Lint, TagsAgainstTheName) {
  import(R"({"id": 1, "name": "Woodcut style", "tags": ["character"]})");
  EXPECT_THAT(messages(LintRule::kTextContradiction), Contains(HasSubstr("character")));
}

TEST_F(Lint, AFileThatWasCutOffSinceTheImport) {
  write_lora(dir_ / "loras" / "kite.safetensors", 1);
  (void)import_paths(catalog_, {dir_ / "loras"}, {});
  EXPECT_THAT(messages(LintRule::kBrokenFile, {.files = true}), IsEmpty());

  std::filesystem::resize_file(dir_ / "loras" / "kite.safetensors", 500);
  EXPECT_THAT(messages(LintRule::kBrokenFile), IsEmpty()) << "files are opened only when asked";
  EXPECT_THAT(messages(LintRule::kBrokenFile, {.files = true}),
              Contains(HasSubstr("when it was imported")));
}

TEST_F(Lint, UpdatesOfOneDirectionInOtherBytes) {
  write_lora(dir_ / "loras" / "a.safetensors", 1);
  write_lora(dir_ / "loras" / "b.safetensors", 2);
  (void)import_paths(catalog_, {dir_ / "loras"}, {});

  EXPECT_THAT(messages(LintRule::kSameDirection, {.files = true}),
              Contains(HasSubstr("cosine 1.00")));
}

TEST_F(Lint, TheSameTrainingInAnotherLayoutIsFoundAmongRealFiles) {
  STYLUS_NEEDS_SHARED_DATA();
  const auto loras = shared_data() / "loras";
  (void)import_paths(catalog_,
                     {loras / "timohavdk_2100_peft.safetensors",
                      loras / "timohavdk_kohyalike_doubleunet.safetensors",
                      loras / "cloneofsimo_analog_svd_rank4.safetensors",
                      loras / "mvclab_peft.safetensors", loras / "satellite_peft.safetensors"},
                     {});
  const std::vector<std::string> found = messages(LintRule::kSameDirection, {.files = true});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0], HasSubstr("cosine 1.00"));
}

}  // namespace
}  // namespace stylus::catalog
