#include "catalog/store.h"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "catalog/categories.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::string_view kCardsPrefix = "cards:";
constexpr std::string_view kSidecarsPrefix = "sidecars:";
constexpr std::string_view kFilePrefix = "file:";

/// Keys sort as "cards:" < "file:" < "sidecars:"; strength differs.
int strength(std::string_view key) {
  if (key.substr(0, kCardsPrefix.size()) == kCardsPrefix) {
    return 0;
  }
  return key.substr(0, kSidecarsPrefix.size()) == kSidecarsPrefix ? 1 : 2;
}

struct StrongerKey {
  bool operator()(const std::string& a, const std::string& b) const {
    const int left = strength(a);
    const int right = strength(b);
    return left != right ? left < right : a < b;
  }
};

/// All sources of one adapter, strongest first.
using Sources = std::map<std::string, Card, StrongerKey>;

Sources read_sources(Database& database, AdapterRow row, const Entry& entry) {
  Sources sources;
  Database::Query query =
      database.query("SELECT key, payload FROM source WHERE row = ?1 ORDER BY key");
  query->bind(row);
  while (query->step()) {
    sources.emplace(query->text(0),
                    query->is_null(1) ? entry.card : card_from_json(query->text(1)));
  }
  return sources;
}

/// True where the columns of the adapter are the whole payload.
bool columns_suffice(const Sources& sources, const std::string& key) {
  return sources.size() == 1 && strength(key) == 0;
}

Entry derive(const Entry& before, const Sources& sources) {
  Entry entry = before;
  if (sources.empty()) {
    return entry;  // All its files are gone or became others: what was known stays.
  }
  std::vector<Card> cards;
  cards.reserve(sources.size());
  for (const auto& [key, card] : sources) {
    cards.push_back(card);
  }
  entry.card = cards.size() == 1 ? std::move(cards.front()) : merge_cards(cards);
  if (entry.card.kind.empty()) {
    entry.card.kind = "lora";
  }
  if (entry.card.name.empty()) {
    entry.card.name = entry.id;
  }
  entry.categories =
      categories_of(entry.card.name, entry.card.tags, entry.card.triggers, entry.card.description);
  return entry;
}

bool is_installed(Database& database, AdapterRow row) {
  return database.number("SELECT 1 FROM place WHERE row = ?1 AND missing = 0 LIMIT 1", row)
      .has_value();
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void write_sources(Database& database, AdapterRow row, const Sources& sources,
                   const std::vector<SourceUpdate>& updates) {
  for (const auto& [key, card] : sources) {
    std::optional<std::string> payload;
    if (!columns_suffice(sources, key)) {
      payload = card_to_json(card);
    }
    const auto update = std::find_if(
        updates.begin(), updates.end(),
        [&name = key](const SourceUpdate& candidate) { return candidate.key == name; });
    if (update != updates.end()) {
      database.run(
          "INSERT OR REPLACE INTO source (key, row, digest, payload) VALUES (?1, ?2, ?3, ?4)", key,
          row, bytes_of(update->digest), payload);
    } else {
      database.run("UPDATE source SET payload = ?2 WHERE key = ?1 AND payload IS NOT ?2", key,
                   payload);
    }
  }
}

}  // namespace

std::string source_key(SourceKind kind, std::string_view name) {
  const std::string_view prefix = kind == SourceKind::kCards      ? kCardsPrefix
                                  : kind == SourceKind::kSidecars ? kSidecarsPrefix
                                                                  : kFilePrefix;
  return std::string(prefix).append(name);
}

std::optional<AdapterRow> row_of_source(Database& database, std::string_view key,
                                        std::string_view digest) {
  return database.number("SELECT row FROM source WHERE key = ?1 AND digest = ?2", key,
                         bytes_of(digest));
}

Stored store_change(Database& database, std::optional<AdapterRow>& row,
                    const AdapterChange& change) {
  Entry before;
  before.id = change.id;
  Sources sources;
  if (row) {
    before = read_entry(database, *row);
    sources = read_sources(database, *row, before);
  }
  for (const std::string& key : change.removed) {
    sources.erase(key);
    database.run("DELETE FROM source WHERE key = ?1", key);
  }
  for (const SourceUpdate& update : change.updates) {
    sources.insert_or_assign(update.key, update.card);
  }
  Entry after = derive(before, sources);
  after.facts = change.facts.value_or(before.facts);
  after.installed = before.installed || change.installed;
  Stored result = Stored::kUnchanged;
  if (!row) {
    row = add_entry(database, after);
    result = Stored::kAdded;
  } else if (change.touched || !(after == before)) {
    replace_entry(database, *row, before, after);
    result = Stored::kChanged;
  }
  write_sources(database, *row, sources, change.updates);
  return result;
}

void note_places(Database& database, AdapterRow row) {
  const Entry before = read_entry(database, row);
  Entry after = before;
  after.installed = is_installed(database, row);
  replace_entry(database, row, before, after);
}

}  // namespace stylus::catalog
