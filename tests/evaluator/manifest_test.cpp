#include "evaluator/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::evaluator {
namespace {

using nlohmann::json;

json small_run() {
  return {{"stylus_run", 1},
          {"prompts", {"a red fox", "a boat"}},
          {"methods", {"base", "stylus"}},
          {"guidance", {2.5, 7}}};
}

Manifest read(const json& run) { return read_manifest(run.dump(), "run.json", "/"); }

TEST(Manifest, ReadingWhatWasWrittenGivesTheSameRun) {
  json run = small_run();
  run["methods"].push_back({{"name", "mine"}, {"kind", "plans"}, {"file", "plans.jsonl"}});
  run["best_of"] = 2;
  run["pictures"] = 4;
  const std::string written = manifest_json(read(run));

  EXPECT_EQ(manifest_json(read_manifest(written, "manifest.json", "/elsewhere")), written);
}

TEST(Manifest, AnyChangeIsAnotherRun) {
  json other = small_run();
  other["seed"] = 2;

  EXPECT_NE(run_id(read(small_run())), run_id(read(other)));
}

TEST(Manifest, PromptsComeFromAFileBesideIt) {
  const TempDir folder;
  write_file_atomically(folder.path() / "p.jsonl",
                        "{\"id\": 7, \"prompt\": \"one\"}\n\n{\"prompt\": \"two\"}\n"
                        "{\"id\": \"c\", \"prompt\": \"three\"}\n");
  json run = small_run();
  run["prompts"] = {{"file", "p.jsonl"}, {"first", 2}, {"limit", 1}};

  const Manifest read_back = read_manifest(run.dump(), "run.json", folder.path());

  ASSERT_EQ(read_back.prompts.size(), 1U);
  EXPECT_EQ(read_back.prompts[0].text, "two");
}

TEST(Manifest, SaysWhatIsWrong) {
  const auto refused = [](const char* key, const json& value) {
    json run = small_run();
    run[key] = value;
    return error_code_of([&] { return read(run); });
  };
  EXPECT_EQ(refused("stylus_run", 2), ErrorCode::kUnsupported);
  EXPECT_EQ(refused("guidence", 7), ErrorCode::kInvalidArgument);  // misspelt
  EXPECT_EQ(refused("prompts", json::array()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("methods", {"base", "base"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("methods", {"magic"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("methods", {{{"name", "a"}, {"kind", "plans"}}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("guidance", {1, 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("best_of", 2), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("steps", "many"), ErrorCode::kCorruptData);
}

TEST(PictureSeed, DependsOnPromptAndNumberOnly) {
  json more = small_run();
  more["methods"] = {"base"};
  more["guidance"] = {1};
  std::set<std::int64_t> seeds;
  for (const char* prompt : {"1", "2"}) {
    for (std::int64_t image = 0; image < 3; ++image) {
      EXPECT_EQ(picture_seed(read(small_run()), prompt, image),
                picture_seed(read(more), prompt, image));
      seeds.insert(picture_seed(read(more), prompt, image));
    }
  }
  EXPECT_EQ(seeds.size(), 6U);
}

}  // namespace
}  // namespace stylus::evaluator
