#include "catalog/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "catalog/catalog.h"
#include "catalog/importer.h"
#include "catalog/refinement.h"
#include "tests/catalog/adapter_files.h"
#include "tests/catalog/content_dump.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string golden(const std::string& name) {
  std::ifstream stream(std::filesystem::path(STYLUS_TESTS_DIR) / "golden" / "catalog" / name);
  std::stringstream text;
  text << stream.rdbuf();
  EXPECT_FALSE(text.str().empty()) << "no golden file " << name;
  return text.str();
}

void build(const std::filesystem::path& file, const std::string& script) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(connection, script.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << message;
  sqlite3_free(message);
  sqlite3_close(connection);
}

TEST(Schema, AVersion1CatalogueStillOpensAndImports) {
  const TempDir dir;
  build(dir / "catalog.db", golden("catalog_v1.sql"));

  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  const Adapter adapter = catalog.get(1);

  EXPECT_EQ(catalog.revision(), 2);
  EXPECT_EQ(adapter.id, "civitai:11");
  EXPECT_EQ(adapter.name, "Paper cranes");
  EXPECT_TRUE(adapter.overlay.favourite);
  EXPECT_EQ(adapter.licence.commercial, "Sell");
  write_text(dir / "cards.jsonl", R"({"id": 12, "name": "new"})");
  EXPECT_EQ(import_paths(catalog, {dir / "cards.jsonl"}, {}).added, 1);
  EXPECT_EQ(RawDatabase(dir / "catalog.db").damage(), "");
}

TEST(Schema, AVersion2CatalogueLearnsTheVersionNotesAtTheNextImport) {
  const TempDir dir;
  build(dir / "catalog.db", golden("catalog_v2.sql"));
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  EXPECT_THAT(catalog.get(2).version_notes, IsEmpty());
  EXPECT_EQ(refinement_of(catalog, 1)->author, "m/1");

  const ImportReport again = import_paths(
      catalog, {std::filesystem::path(STYLUS_TESTS_DIR) / "golden" / "catalog" / "cards_v2.jsonl"},
      {});

  EXPECT_EQ(again.changed, 1);
  EXPECT_EQ(again.unchanged, 1);
  EXPECT_THAT(catalog.get(2).version_notes,
              ElementsAre("Winter coat: hkeeper, blue coat, brass buttons, scarf"));
  EXPECT_EQ(refinement_of(catalog, 1)->author, "m/1") << "what a model said stays";
  EXPECT_EQ(RawDatabase(dir / "catalog.db").damage(), "");
}

TEST(Schema, TheCurrentSchemaIsTheOneWritten) {
  const TempDir dir;
  { const Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite); }
  const RawDatabase raw(dir / "catalog.db");

  EXPECT_EQ(raw.rows("PRAGMA user_version"), std::to_string(migrations().size()) + "\n");
  EXPECT_EQ(raw.rows("PRAGMA application_id"), std::to_string(kApplicationId) + "\n");
  EXPECT_EQ(raw.rows("PRAGMA journal_mode"), "wal\n");
}

TEST(Schema, RefusesANewerSchema) {
  const TempDir dir;
  { const Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite); }
  RawDatabase(dir / "catalog.db").run("PRAGMA user_version = 99");

  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    EXPECT_EQ(error_code_of([&] { return Catalog(dir / "catalog.db", mode); }),
              ErrorCode::kCorruptData);
  }
}

TEST(Schema, RefusesForeignFiles) {
  const TempDir dir;
  build(dir / "foreign.db", "CREATE TABLE t (x); PRAGMA user_version = 1;");
  write_text(dir / "text.db", std::string(5000, 'x'));
  const std::string foreign = RawDatabase(dir / "foreign.db").rows("SELECT * FROM sqlite_master");

  for (const char* name : {"foreign.db", "text.db"}) {
    EXPECT_EQ(error_code_of([&] { return Catalog(dir / name, OpenMode::kReadWrite); }),
              ErrorCode::kCorruptData)
        << name;
  }
  EXPECT_EQ(RawDatabase(dir / "foreign.db").rows("SELECT * FROM sqlite_master"), foreign);
}

TEST(Schema, AWriteLockHeldByAnotherIsSaidSo) {
  const TempDir dir;
  Catalog catalog(dir / "catalog.db", OpenMode::kReadWrite);
  write_text(dir / "cards.jsonl", R"({"id": 1, "name": "x"})");
  (void)import_paths(catalog, {dir / "cards.jsonl"}, {});
  const RawDatabase other(dir / "catalog.db");
  other.run("BEGIN IMMEDIATE");
  Overlay overlay;
  overlay.notes = "x";

  EXPECT_EQ(error_code_of([&] {
              catalog.set_overlay(1, overlay);
              return 0;
            }),
            ErrorCode::kUnavailable);
  other.run("ROLLBACK");
  EXPECT_EQ(catalog.get(1).overlay.notes, "");
}

}  // namespace
}  // namespace stylus::catalog
