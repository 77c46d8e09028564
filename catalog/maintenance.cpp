#include "catalog/maintenance.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "catalog/categories.h"
#include "catalog/civitai.h"
#include "catalog/entry.h"
#include "catalog/impl.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

std::vector<Count> most_frequent_first(const std::map<std::string, std::int64_t>& counts) {
  std::vector<Count> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Count& a, const Count& b) { return a.second > b.second; });
  return sorted;
}

}  // namespace

std::int64_t adapter_revision(const Catalog& catalog, AdapterRow row) {
  return catalog.impl()
      .database.number("SELECT revision FROM adapter WHERE row = ?1", row)
      .value_or(0);
}

CatalogStats stats(const Catalog& catalog) {
  CatalogStats result;
  result.revision = catalog.revision();
  std::map<std::string, std::int64_t> bases;
  std::map<std::string, std::int64_t> categories;
  std::map<std::string, std::int64_t> kinds;
  std::vector<std::int64_t> ratings(3);
  std::vector<std::int64_t> weights(4);
  Database::Query query = catalog.impl().database.query(
      "SELECT a.flags, a.bases, a.tensor_bases, a.categories, a.kind, a.weight_source, "
      "d.description = '', d.triggers = '', coalesce(o.favourite, 0), o.weight IS NOT NULL, "
      "EXISTS (SELECT 1 FROM place p WHERE p.row = a.row) FROM adapter a "
      "JOIN document d USING (row) LEFT JOIN overlay o USING (row)");
  while (query->step()) {
    const std::int64_t flags = query->integer(0);
    const bool installed = (flags & facet::kInstalled) != 0;
    ++result.adapters;
    result.installed += installed ? 1 : 0;
    result.missing += !installed && query->integer(10) != 0 ? 1 : 0;
    result.blocked += (flags & facet::kBlocked) != 0 ? 1 : 0;
    result.real_persons += (flags & facet::kRealPerson) != 0 ? 1 : 0;
    result.without_description += query->integer(6);
    result.without_triggers += query->integer(7);
    result.favourites += query->integer(8);
    ++ratings[static_cast<std::size_t>(std::min<std::int64_t>(flags & facet::kRatingMask, 2))];
    const std::int64_t source = query->integer(9) != 0 ? 0 : query->integer(5);
    ++weights[static_cast<std::size_t>(std::clamp<std::int64_t>(source, 0, 3))];
    ++kinds[std::string(query->text(4))];
    std::vector<std::string> slugs = unpack_list(query->text(1));
    slugs = slugs.empty() ? unpack_list(query->text(2)) : slugs;
    for (const std::string& slug : slugs.empty() ? std::vector<std::string>{""} : slugs) {
      ++bases[slug];
    }
    const std::vector<std::string> names = unpack_list(query->text(3));
    for (const std::string& name : names.empty() ? std::vector<std::string>{""} : names) {
      ++categories[name];
    }
  }
  result.bases = most_frequent_first(bases);
  result.kinds = most_frequent_first(kinds);
  for (const std::string_view name : category_names()) {
    result.categories.emplace_back(name, categories[std::string(name)]);
  }
  result.categories.emplace_back("", categories[""]);
  result.ratings = {{"safe", ratings[0]}, {"adult", ratings[1]}, {"unrated", ratings[2]}};
  result.weights = {{"user", weights[0]},
                    {"example_prompts", weights[1]},
                    {"card", weights[2]},
                    {"default", weights[3]}};
  return result;
}

}  // namespace stylus::catalog
