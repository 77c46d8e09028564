#include "catalog/filter.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

enum class Verdict { kOut, kAllowed, kOnlyIfNamed };

Verdict verdict_on(std::int64_t flags, const Filter& filter) {
  const auto rating = static_cast<Rating>(flags & facet::kRatingMask);
  const bool out = (flags & facet::kRatingMask) > static_cast<std::int64_t>(Rating::kUnrated) ||
                   (flags & facet::kBlocked) != 0 ||
                   (rating == Rating::kAdult && !filter.allow_nsfw) ||
                   (rating == Rating::kUnrated && !filter.allow_unrated) ||
                   (!filter.licence.empty() && (flags & facet::kCommercial) == 0) ||
                   (filter.only_installed && (flags & facet::kInstalled) == 0) ||
                   ((flags & facet::kRealPerson) != 0 && !filter.allow_people);
  if (out) {
    return Verdict::kOut;
  }
  const bool named_only = (flags & facet::kCharacter) != 0 && !filter.allow_people;
  return named_only ? Verdict::kOnlyIfNamed : Verdict::kAllowed;
}

/// Rows that a query yields.
template <typename... Values>
AdapterSet rows_of(Database& database, AdapterRow max_row, std::string_view sql,
                   const Values&... values) {
  AdapterSet rows(max_row);
  Database::Query query = database.query(sql);
  query->bind(values...);
  while (query->step()) {
    rows.insert(query->integer(0));
  }
  return rows;
}

/// Both sets of a compiled filter under one more condition.
class Narrowing {
 public:
  explicit Narrowing(CompiledFilter& filter) : filter_(filter) {}

  void keep(const AdapterSet& rows) {
    for (AdapterSet* set : {&filter_.allowed, &filter_.only_if_named}) {
      *set = set->intersected(rows);
    }
  }
  void drop(AdapterRow row) {
    filter_.allowed.erase(row);
    filter_.only_if_named.erase(row);
  }

 private:
  CompiledFilter& filter_;
};

void narrow_by_kinds(Database& database, AdapterRow max_row, const Filter& filter,
                     Narrowing& narrowing) {
  // Nearly all adapters are LoRAs: the index holds only the others.
  if (std::find(filter.kinds.begin(), filter.kinds.end(), "lora") != filter.kinds.end()) {
    Database::Query query = database.query("SELECT row, kind FROM adapter WHERE kind <> 'lora'");
    while (query->step()) {
      if (std::find(filter.kinds.begin(), filter.kinds.end(), query->text(1)) ==
          filter.kinds.end()) {
        narrowing.drop(query->integer(0));
      }
    }
    return;
  }
  AdapterSet rows(max_row);
  for (const std::string& kind : filter.kinds) {
    Database::Query query =
        database.query("SELECT row FROM adapter WHERE kind <> 'lora' AND kind = ?1");
    query->bind(kind);
    while (query->step()) {
      rows.insert(query->integer(0));
    }
  }
  narrowing.keep(rows);
}

void narrow_by_folder(Database& database, AdapterRow max_row, const std::string& folder,
                      Narrowing& narrowing) {
  std::string prefix = std::filesystem::absolute(folder).lexically_normal().string();
  while (prefix.size() > 1 && prefix.back() == '/') {
    prefix.pop_back();
  }
  // '0' follows '/': the half-open range holds exactly the paths under the folder.
  const bool root = prefix == "/";
  narrowing.keep(rows_of(database, max_row, "SELECT row FROM place WHERE path >= ?1 AND path < ?2",
                         root ? prefix : prefix + "/", root ? "0" : prefix + "0"));
}

CompiledFilter compile_now(Database& database, AdapterRow max_row, const Filter& filter) {
  CompiledFilter compiled{AdapterSet(max_row), AdapterSet(max_row)};
  for (std::int64_t flags = 0; flags < facet::kCount; ++flags) {
    const Verdict verdict = verdict_on(flags, filter);
    if (verdict == Verdict::kOut) {
      continue;
    }
    AdapterSet& set = verdict == Verdict::kAllowed ? compiled.allowed : compiled.only_if_named;
    Database::Query query = database.query("SELECT row FROM facet WHERE base = ?1 AND flags = ?2");
    query->bind(filter.base, flags);
    while (query->step()) {
      set.insert(query->integer(0));
    }
  }
  Narrowing narrowing(compiled);
  if (!filter.kinds.empty()) {
    narrow_by_kinds(database, max_row, filter, narrowing);
  }
  if (!filter.folder.empty()) {
    narrow_by_folder(database, max_row, filter.folder, narrowing);
  }
  for (const std::string& tag : filter.tags) {
    narrowing.keep(
        rows_of(database, max_row, "SELECT row FROM tag WHERE tag = ?1", to_lower(trim(tag))));
  }
  for (const std::string& id : filter.blocked) {
    if (const std::optional<AdapterRow> row = row_of_id(database, id)) {
      narrowing.drop(*row);
    }
  }
  return compiled;
}

constexpr std::size_t kCachedFilters = 8;

}  // namespace

CompiledFilter Catalog::compile(const Filter& filter) const {
  require(filter.licence.empty() || filter.licence == "commercial", ErrorCode::kInvalidArgument,
          "the licence filter is '", filter.licence, "', it may be 'commercial' or left out");
  const std::int64_t now = revision();
  auto& cache = impl_->compiled;
  if (impl_->compiled_revision != now) {
    cache.clear();
    impl_->compiled_revision = now;
  }
  for (const auto& [known, compiled] : cache) {
    if (known == filter) {
      return compiled;
    }
  }
  if (cache.size() >= kCachedFilters) {
    cache.erase(cache.begin());
  }
  cache.emplace_back(filter, compile_now(impl_->database, max_row(), filter));
  return cache.back().second;
}

}  // namespace stylus::catalog
