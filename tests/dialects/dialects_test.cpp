#include "dialects/dialects.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/file.h"
#include "tests/dialects/example_plan.h"
#include "tests/error_code_of.h"

namespace stylus::dialects {
namespace {

std::string golden(const std::string& name) {
  const auto file = std::filesystem::path(STYLUS_TESTS_DIR) / "golden" / "dialects" / name;
  return read_file(file, std::size_t{1} << 20U);
}

TEST(ExportPlan, WritesTheGoldenTextOfEveryDialect) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a1111", "lighthouse.a1111.txt"}, {"diffusers", "lighthouse_diffusers.py.txt"}};
  ASSERT_EQ(files.size(), names().size());
  for (const auto& [dialect, file] : files) {
    EXPECT_EQ(export_plan(lighthouse_plan(), dialect), golden(file)) << dialect;
  }
}

TEST(ExportPlan, ListsTheDialectsWhenItKnowsNoSuchOne) {
  const auto unknown = [] { return export_plan(lighthouse_plan(), "A1111 "); };

  EXPECT_EQ(error_code_of(unknown), ErrorCode::kInvalidArgument);
  EXPECT_NE(error_message_of(unknown).find("a1111, diffusers"), std::string::npos);
}

}  // namespace
}  // namespace stylus::dialects
