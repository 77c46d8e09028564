// What a person types for an adapter: id, name, file stem or the beginning of a hash.
#include <algorithm>
#include <set>

#include "catalog/catalog.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/listing.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::size_t kShown = 5;
constexpr std::size_t kMinHashDigits = 6;

template <typename... Values>
std::set<AdapterRow> rows_of(Database& database, std::string_view sql, const Values&... values) {
  std::set<AdapterRow> rows;
  Database::Query query = database.query(sql);
  query->bind(values...);
  while (query->step()) {
    rows.insert(query->integer(0));
  }
  return rows;
}

bool looks_like_hash(std::string_view text) {
  return text.size() >= kMinHashDigits && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Rows that `what` names, by the first way that finds any.
std::set<AdapterRow> find_rows(Database& database, std::string_view what) {
  std::set<AdapterRow> rows =
      rows_of(database, "SELECT row FROM adapter WHERE name = ?1 COLLATE NOCASE", what);
  const std::string lower = to_lower(what);
  if (rows.empty()) {
    rows = rows_of(database, "SELECT row FROM stem WHERE stem = ?1", lower);
  }
  if (rows.empty() && looks_like_hash(lower)) {
    // 'g' follows the last hex digit.
    rows = rows_of(database, "SELECT row FROM known_hash WHERE sha256 >= ?1 AND sha256 < ?2", lower,
                   lower + "g");
    if (rows.empty()) {
      rows = rows_of(database, "SELECT row FROM adapter WHERE autov3 >= ?1 AND autov3 < ?2", lower,
                     lower + "g");
    }
  }
  return rows;
}

template <typename Rows>
std::string shown(const Catalog& catalog, const Rows& rows) {
  std::string text;
  std::size_t count = 0;
  for (const AdapterRow row : rows) {
    if (++count > kShown) {
      return text + ", …";
    }
    const Adapter adapter = catalog.get(row);
    text += (text.empty() ? "" : ", ") + adapter.id + " (" +
            std::string(truncate_utf8(adapter.name, 60)) + ")";
  }
  return text;
}

}  // namespace

Adapter Catalog::resolve(std::string_view what) const {
  const std::string wanted(trim(what));
  require(!wanted.empty(), ErrorCode::kInvalidArgument, "the adapter's name is empty");
  if (std::optional<Adapter> adapter = find(wanted)) {
    return std::move(*adapter);
  }
  const std::set<AdapterRow> rows = find_rows(impl_->database, wanted);
  require(rows.size() <= 1, ErrorCode::kInvalidArgument, "'", wanted, "' fits ", rows.size(),
          " adapters, name one by its id: ", shown(*this, rows));
  if (rows.size() == 1) {
    return get(*rows.begin());
  }
  std::vector<AdapterRow> close;
  for (const TextMatch& match : search_text(*this, wanted, kShown)) {
    close.push_back(match.row);
  }
  fail(ErrorCode::kNotFound, "no adapter is called '", wanted, "'",
       close.empty() ? "; 'stylus catalog list' shows all" : "; close ones: ", shown(*this, close));
}

}  // namespace stylus::catalog
