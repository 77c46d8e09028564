#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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

/// Adds or replaces sources of one adapter and derives its entry anew from all its sources.
/// `row` nullopt makes a new adapter with the identity `id`. `facts`, when given, replace what
/// was known of the file. Runs inside the caller's transaction.
///
/// The payload of a source is kept only where it is needed to derive the entry again: an adapter
/// that one card list line describes is that line, so its columns are the payload.
Stored store_sources(Database& database, std::optional<AdapterRow>& row, const std::string& id,
                     std::span<const SourceUpdate> updates, const FileFacts* facts = nullptr);

/// Derives the entry anew after a source or place of the row went away or came back.
/// `installed`: whether a place of it is there. True if that changed what is stored.
bool refresh_entry(Database& database, AdapterRow row, bool place_changed);

}  // namespace stylus::catalog
