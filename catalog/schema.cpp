#include "catalog/schema.h"

#include <array>
#include <string>

#include "support/error.h"

namespace stylus::catalog {
namespace {

// Lists of texts are joined by U+001F, which cleaned texts never hold.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('revision', 0);

CREATE TABLE adapter (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  flags INTEGER NOT NULL,
  bases TEXT NOT NULL,
  triggers TEXT NOT NULL,
  categories TEXT NOT NULL,
  rating INTEGER,
  real_person INTEGER NOT NULL,
  licence_name TEXT NOT NULL,
  commercial TEXT NOT NULL,
  credit_required INTEGER,
  derivatives INTEGER,
  different_licence INTEGER,
  hashes TEXT NOT NULL,
  file_names TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  autov3 TEXT NOT NULL,
  file_name TEXT NOT NULL,
  weight REAL NOT NULL,
  weight_source INTEGER NOT NULL,
  weight_count INTEGER NOT NULL,
  weight_evidence TEXT NOT NULL,
  frobenius_norm REAL NOT NULL,
  rank INTEGER NOT NULL,
  tensor_bases TEXT NOT NULL,
  downloads INTEGER NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL
);
CREATE INDEX adapter_revision ON adapter (revision);
CREATE INDEX adapter_sha256 ON adapter (sha256) WHERE sha256 <> '';
CREATE INDEX adapter_origin ON adapter (origin) WHERE origin <> '';
CREATE INDEX adapter_name ON adapter (name COLLATE NOCASE);
CREATE INDEX adapter_kind ON adapter (kind) WHERE kind <> 'lora';

CREATE TABLE document (
  row INTEGER PRIMARY KEY REFERENCES adapter (row),
  name TEXT NOT NULL,
  tags TEXT NOT NULL,
  triggers TEXT NOT NULL,
  description TEXT NOT NULL,
  cjk TEXT NOT NULL
);
CREATE VIRTUAL TABLE document_index USING fts5 (
  name, tags, triggers, description, cjk,
  content = 'document', content_rowid = 'row', tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE prompts (row INTEGER PRIMARY KEY REFERENCES adapter (row), prompts TEXT NOT NULL);

CREATE TABLE source (
  key TEXT PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  digest BLOB NOT NULL,
  payload TEXT
) WITHOUT ROWID;
CREATE INDEX source_row ON source (row);
CREATE INDEX source_digest ON source (digest);

CREATE TABLE place (
  path TEXT PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  size_bytes INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  missing INTEGER NOT NULL,
  previews TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX place_row ON place (row);

CREATE TABLE known_hash (sha256 TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (sha256, row))
  WITHOUT ROWID;

CREATE TABLE stem (stem TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (stem, row)) WITHOUT ROWID;

CREATE TABLE facet (
  base TEXT NOT NULL,
  flags INTEGER NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (base, flags, row)
) WITHOUT ROWID;

CREATE TABLE tag (tag TEXT NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (tag, row)) WITHOUT ROWID;

CREATE TABLE overlay (
  row INTEGER PRIMARY KEY REFERENCES adapter (row),
  favourite INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  weight REAL,
  triggers TEXT,
  rating INTEGER,
  notes TEXT NOT NULL
);

CREATE TABLE vector_set (
  number INTEGER PRIMARY KEY,
  encoder TEXT NOT NULL,
  field TEXT NOT NULL,
  UNIQUE (encoder, field)
);
CREATE TABLE vector (
  key INTEGER PRIMARY KEY,
  text_hash TEXT NOT NULL,
  value BLOB NOT NULL
);
)sql";

// What refiners found out (refinement.h). `refiner` is 0 for the rules, 1 for a model; `revision`
// is the adapter's when it was last looked at.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE refinement (
  row INTEGER NOT NULL REFERENCES adapter (row),
  refiner INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  author TEXT NOT NULL,
  input TEXT NOT NULL,
  language TEXT NOT NULL,
  summary TEXT NOT NULL,
  shows TEXT NOT NULL,
  usage TEXT NOT NULL,
  categories TEXT NOT NULL,
  triggers TEXT NOT NULL,
  prompt_words TEXT NOT NULL,
  weight REAL,
  weight_low REAL NOT NULL,
  weight_high REAL NOT NULL,
  weight_evidence TEXT NOT NULL,
  PRIMARY KEY (row, refiner)
) WITHOUT ROWID;

CREATE TABLE trigger_phrase (
  phrase TEXT NOT NULL,
  row INTEGER NOT NULL REFERENCES adapter (row),
  PRIMARY KEY (phrase, row)
) WITHOUT ROWID;
CREATE INDEX trigger_phrase_row ON trigger_phrase (row);

CREATE TABLE model_reply (
  number INTEGER PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES adapter (row),
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  input TEXT NOT NULL,
  outcome TEXT NOT NULL,
  text TEXT NOT NULL,
  requests INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  pictures INTEGER NOT NULL
);
CREATE INDEX model_reply_row ON model_reply (row);
)sql";

// What authors wrote of single versions of an adapter. Sources are read again for it at the next
// import (importer.cpp).
constexpr const char* kVersion3 = R"sql(
CREATE TABLE version_notes (
  row INTEGER PRIMARY KEY REFERENCES adapter (row),
  notes TEXT NOT NULL
);
)sql";

constexpr std::array<const char*, 3> kMigrations = {kVersion1, kVersion2, kVersion3};

void migrate(Database& database, std::int64_t version) {
  Transaction transaction(database);
  // Another process may have migrated while we waited for the lock.
  version = database.number("PRAGMA user_version").value_or(version);
  for (std::size_t next = static_cast<std::size_t>(version); next < kMigrations.size(); ++next) {
    database.execute(kMigrations[next]);
  }
  database.execute(("PRAGMA user_version = " + std::to_string(kMigrations.size()) +
                    "; PRAGMA application_id = " + std::to_string(kApplicationId))
                       .c_str());
  transaction.commit();
}

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

void open_schema(Database& database, Database::Access access) {
  const bool may_write = access == Database::Access::kWrite;
  const std::int64_t version = database.number("PRAGMA user_version").value_or(0);
  const std::int64_t application = database.number("PRAGMA application_id").value_or(0);
  const std::int64_t tables = database.number("SELECT count(*) FROM sqlite_master").value_or(0);
  const bool empty = tables == 0 && version == 0 && application == 0;
  require(empty || application == kApplicationId, ErrorCode::kCorruptData,
          "the file is a SQLite database of another program (application id ", application,
          ", expected ", kApplicationId, "): choose another --home");
  const auto newest = static_cast<std::int64_t>(kMigrations.size());
  require(version <= newest, ErrorCode::kCorruptData, "the catalogue has schema ", version,
          ", this program knows schemas up to ", newest, ": use the newer stylus that wrote it");
  if (version < newest) {
    require(may_write, ErrorCode::kUnavailable, "the catalogue has schema ", version,
            ", this program reads schema ", newest, ": run 'stylus refine' once to bring it up");
    if (empty) {
      // 8 KB pages hold seven 512-wide vectors; only possible before the first table.
      database.execute("PRAGMA page_size = 8192;");
    }
    migrate(database, version);
  }
  if (may_write) {
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
  }
}

}  // namespace stylus::catalog
