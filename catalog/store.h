#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/entry.h"

namespace stylus::catalog {

/// Who says something of an adapter. Strongest first: this order decides the merge.
enum class SourceKind {
  kCards,     ///< A line of a card list. Key "cards:<id>".
  kSidecars,  ///< The files beside an adapter file. Key "sidecars:<path without ending>".
  kFile,      ///< Metadata inside the adapter file. Key "file:<path>".
};

[[nodiscard]] std::string source_key(SourceKind kind, std::string_view name);

/// One thing said of an adapter, with a digest that tells whether it has to be read again.
struct SourceUpdate {
  std::string key;
  std::string digest;  ///< 16 raw bytes or fewer.
  Card card;
};

enum class Stored { kAdded, kChanged, kUnchanged };

/// Row of the source with this key, if its digest is the same.
[[nodiscard]] std::optional<AdapterRow> row_of_source(Database& database, std::string_view key,
                                                      std::string_view digest);

/// What one item of an import changes about one adapter.
struct AdapterChange {
  std::string id;                     ///< Identity, should the adapter be new.
  std::vector<SourceUpdate> updates;  ///< Added or replaced.
  std::vector<std::string> removed;   ///< Keys of sources that are gone.
  std::optional<FileFacts> facts;     ///< Replaces what was known of the file.
  bool installed = false;             ///< A place of it is there now; else as before.
  bool touched = false;               ///< Counts as changed even if the entry stays the same.
};

/// Stores a change and derives the entry anew from all its sources. `row` nullopt makes a new
/// adapter and is set to its row. Runs inside the caller's transaction.
///
/// The payload of a source is kept only where it is needed to derive the entry again: an adapter
/// that one card list line describes is that line, so its columns are the payload.
Stored store_change(Database& database, std::optional<AdapterRow>& row,
                    const AdapterChange& change);

/// Stores that the places of an adapter changed, with the next revision.
void note_places(Database& database, AdapterRow row);

}  // namespace stylus::catalog
