#include "app/jsonl.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::app {
namespace {

std::string echo(const nlohmann::json& request) {
  require(request.contains("query"), ErrorCode::kCorruptData, "no query");
  return request["query"].dump();
}

TEST(AnswerLines, ABadLineIsAnsweredWithItsErrorAndStopsNothing) {
  const TempDir folder;
  std::ofstream(folder / "in.jsonl") << "{\"id\":1,\"query\":\"a\"}\n\nnot json\n{\"id\":\"x\"}\n"
                                     << "{\"id\":3,\"query\":\"b\"}";

  const BatchReport report = answer_lines(folder / "in.jsonl", folder / "out.jsonl", echo);

  EXPECT_EQ(report.done, 2U);
  EXPECT_EQ(report.refused, 2U);
  const std::string out = read_file(folder / "out.jsonl", 10'000);
  EXPECT_EQ(out.substr(0, 4), "\"a\"\n");
  EXPECT_NE(out.find("{\"id\":3,\"error\":{\"code\":\"corrupt_data\""), std::string::npos) << out;
  EXPECT_NE(out.find("{\"id\":\"x\",\"error\""), std::string::npos) << out;
  EXPECT_EQ(out.substr(out.size() - 4), "\"b\"\n");
}

TEST(AnswerLines, AMissingInputLeavesNoOutput) {
  const TempDir folder;

  EXPECT_EQ(error_code_of([&] { return answer_lines(folder / "no", folder / "out", echo); }),
            ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
}

}  // namespace
}  // namespace stylus::app
