#include "evaluator/run_lock.h"

#include <gtest/gtest.h>

#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::evaluator {
namespace {

TEST(RunLock, HoldsARunToItsCheckpoints) {
  const TempDir folder;
  const std::vector<ContentId> models = {{"mini", "aa"}, {"big", "bb"}};
  hold_to_models(folder.path(), models);

  EXPECT_EQ(locked_models(folder.path()), models);
  hold_to_models(folder.path(), models);
  EXPECT_EQ(error_code_of([&] {
              hold_to_models(folder.path(), {{"mini", "aa"}, {"big", "cc"}});
            }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(locked_models(folder.path()), models);
}

TEST(RunLock, RefusesABrokenFile) {
  const TempDir folder;
  for (const char* text : {"", "[]", "{\"stylus_run_lock\": \"1\"}", "{\"stylus_run_lock\": 1}"}) {
    write_file_atomically(folder.path() / "run.lock", text);
    EXPECT_EQ(error_code_of([&] {
                hold_to_models(folder.path(), {{"mini", "aa"}});
              }),
              ErrorCode::kCorruptData)
        << text;
  }
}

}  // namespace
}  // namespace stylus::evaluator
