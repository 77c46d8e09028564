#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "tests/error_code_of.h"
#include "tests/shared_data.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

std::filesystem::path real_cards() { return shared_data() / "catalog" / "lora_catalog_sfw.jsonl"; }

TEST(ImportRealCards, EveryCardIsAccountedForAndASecondImportChangesNothing) {
  STYLUS_NEEDS_SHARED_DATA();
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);

  const ImportReport first = import_paths(catalog, {real_cards()}, {});
  const std::int64_t revision = catalog.revision();
  const ImportReport second = import_paths(catalog, {real_cards()}, {});

  EXPECT_EQ(first.seen, 5155);
  EXPECT_EQ(first.added, 5155);
  EXPECT_TRUE(first.refused.empty());
  EXPECT_EQ(second.unchanged, 5155);
  EXPECT_EQ(second.changed + second.added, 0);
  EXPECT_EQ(catalog.revision(), revision);
  EXPECT_EQ(revision, 5155);
}

TEST(ImportRealCards, TheDefaultFilterLeavesTheCardsOfTheRecipe) {
  STYLUS_NEEDS_SHARED_DATA();
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  (void)import_paths(catalog, {real_cards()}, {.example_prompts = false});

  const CompiledFilter filter = catalog.compile({.base = "sd15"});

  // 2,286 cards name SD 1.5 and 6 more only SD 1.4, which is the same family.
  std::cout << "allowed " << filter.allowed.size() << " named " << filter.only_if_named.size()
            << "\n";
}

}  // namespace
}  // namespace stylus::catalog
