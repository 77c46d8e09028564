// stylus catalog list, stats, duplicates: many adapters.
#include <iostream>
#include <memory>

#include "app/adapter_json.h"
#include "app/commands/verbs.h"
#include "app/compose_options.h"
#include "app/log.h"
#include "app/output.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "catalog/listing.h"
#include "catalog/maintenance.h"
#include "support/text.h"

namespace stylus::app {
namespace {

struct CatalogListCommand {
  catalog::Filter filter;
  std::string match;
  std::string category;
  std::string order = "added";
  std::size_t limit = 50;
  std::size_t offset = 0;
};

using Json = nlohmann::ordered_json;

catalog::Catalog open_shelf(const GlobalOptions& global) {
  start_log(global);
  return open_catalog(find_locations(global), catalog::OpenMode::kReadOnly);
}

void print(const Json& json) {
  std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

Json brief(const catalog::Adapter& adapter) {
  return {{"id", adapter.id},
          {"name", adapter.name},
          {"kind", adapter.kind},
          {"bases", adapter.bases},
          {"categories", adapter.categories},
          {"rating", rating_name(catalog::effective_rating(adapter))},
          {"weight", catalog::effective_weight(adapter)},
          {"weight_source",
           adapter.overlay.weight ? "user" : weight_source_name(adapter.advice.source)},
          {"file", adapter.file_name}};
}

const char* reason_name(catalog::DuplicateReason reason) {
  switch (reason) {
    case catalog::DuplicateReason::kSameBytes:
      return "same_bytes";
    case catalog::DuplicateReason::kSameOrigin:
      return "same_origin";
    case catalog::DuplicateReason::kSimilarText:
      break;
  }
  return "similar_text";
}

catalog::ListOrder order_of(const std::string& word) {
  return word == "name"        ? catalog::ListOrder::kName
         : word == "downloads" ? catalog::ListOrder::kDownloads
         : word == "newest"    ? catalog::ListOrder::kAdded
                               : catalog::ListOrder::kRow;
}

Json counts_to_json(const std::vector<catalog::Count>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) {
    json[name.empty() ? "unknown" : name] = count;
  }
  return json;
}

std::string counts_to_text(const std::vector<catalog::Count>& counts) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) {
    if (count > 0) {
      parts.push_back((name.empty() ? "unknown" : name) + " " + std::to_string(count));
    }
  }
  return join(parts, ", ");
}

int run_catalog_list(const GlobalOptions& global, const CatalogListCommand& command) {
  const catalog::Catalog catalog = open_shelf(global);
  catalog::ListOptions options;
  options.filter = command.filter;
  options.match = command.match;
  options.category = command.category;
  options.order = order_of(command.order);
  options.offset = command.offset;
  options.limit = command.limit;
  const catalog::Listing listing = catalog::list_adapters(catalog, options);
  Json json;
  json["total"] = listing.total;
  json["adapters"] = Json::array();
  Table table({"id", "base", "weight", "rating", "name"});
  for (const catalog::AdapterRow row : listing.rows) {
    const catalog::Adapter adapter = catalog.get(row);
    json["adapters"].push_back(brief(adapter));
    table.add({adapter.id,
               {join(adapter.bases, ","), Ink::kDim},
               {number(catalog::effective_weight(adapter)), Ink::kGreen},
               {rating_name(catalog::effective_rating(adapter)), Ink::kDim},
               {adapter.name, Ink::kBold}});
  }
  if (global.json) {
    print(json);
    return kSuccess;
  }
  std::cout << table.str();
  if (listing.rows.size() < listing.total && !global.quiet) {
    std::cout << ink(std::to_string(listing.rows.size()) + " of " + std::to_string(listing.total) +
                         " adapters; --limit 0 shows all",
                     Ink::kDim)
              << '\n';
  }
  return kSuccess;
}

int run_catalog_stats(const GlobalOptions& global) {
  const catalog::Catalog catalog = open_shelf(global);
  const catalog::CatalogStats stats = catalog::stats(catalog);
  if (global.json) {
    print({{"adapters", stats.adapters},
           {"revision", stats.revision},
           {"installed", stats.installed},
           {"missing", stats.missing},
           {"blocked", stats.blocked},
           {"favourites", stats.favourites},
           {"real_persons", stats.real_persons},
           {"without_description", stats.without_description},
           {"without_triggers", stats.without_triggers},
           {"bases", counts_to_json(stats.bases)},
           {"categories", counts_to_json(stats.categories)},
           {"ratings", counts_to_json(stats.ratings)},
           {"kinds", counts_to_json(stats.kinds)},
           {"weights", counts_to_json(stats.weights)}});
    return kSuccess;
  }
  Table table({"what", "how many"});
  table.add({"adapters",
             std::to_string(stats.adapters) + " at revision " + std::to_string(stats.revision)});
  table.add({"files", std::to_string(stats.installed) + " installed, " +
                          std::to_string(stats.missing) + " missing"});
  table.add({"bases", counts_to_text(stats.bases)});
  table.add({"categories", counts_to_text(stats.categories)});
  table.add({"ratings", counts_to_text(stats.ratings)});
  table.add({"kinds", counts_to_text(stats.kinds)});
  table.add({"weights from", counts_to_text(stats.weights)});
  table.add({"without text", std::to_string(stats.without_description) + " no description, " +
                                 std::to_string(stats.without_triggers) + " no trigger"});
  table.add({"real persons", std::to_string(stats.real_persons)});
  table.add({"yours", std::to_string(stats.favourites) + " favourites, " +
                          std::to_string(stats.blocked) + " blocked"});
  std::cout << table.str();
  return kSuccess;
}

int run_catalog_duplicates(const GlobalOptions& global) {
  const catalog::Catalog catalog = open_shelf(global);
  Json json;
  json["groups"] = Json::array();
  Table table({"reason", "evidence", "adapters"});
  for (const catalog::DuplicateGroup& group : catalog::duplicates(catalog)) {
    Json members = Json::array();
    std::vector<std::string> names;
    for (const catalog::AdapterRow row : group.rows) {
      const catalog::Adapter adapter = catalog.get(row);
      members.push_back({{"id", adapter.id}, {"name", adapter.name}});
      names.push_back(adapter.name + " (" + adapter.id + ")");
    }
    json["groups"].push_back({{"reason", reason_name(group.reason)},
                              {"evidence", group.evidence},
                              {"adapters", std::move(members)}});
    table.add({{reason_name(group.reason), Ink::kYellow},
               {group.evidence, Ink::kDim},
               join(names, "; ")});
  }
  if (global.json) {
    print(json);
  } else if (table.empty()) {
    std::cout << "No duplicates.\n";
  } else {
    std::cout << table.str();
  }
  return kSuccess;
}

}  // namespace

void add_catalog_list_verb(CLI::App& shelf, Action& chosen) {
  const auto command = std::make_shared<CatalogListCommand>();
  CLI::App& verb = add_verb(
      shelf, "list", "Adapters, one a line", "catalog list --match watercolor --tag style", chosen,
      [command](const GlobalOptions& global) { return run_catalog_list(global, *command); });
  add_filter_options(verb, command->filter, "");
  command->filter.allow_nsfw = true;
  command->filter.allow_people = true;
  command->filter.allow_unrated = true;
  verb.add_option("--match", command->match,
                  "Only adapters whose texts hold these words, best first");
  verb.add_option("--category", command->category, "Only this category (style, character, …)");
  verb.add_option("--order", command->order, "added (default), newest, name or downloads")
      ->check(CLI::IsMember({"added", "newest", "name", "downloads"}));
  verb.add_option("--limit", command->limit, "Lines at most (default 50, 0 = all)");
  verb.add_option("--offset", command->offset, "Lines to skip");
}

void add_catalog_stats_verb(CLI::App& shelf, Action& chosen) {
  add_verb(shelf, "stats", "Counts by base, category, rating and kind", "catalog stats", chosen,
           run_catalog_stats);
}

void add_catalog_duplicates_verb(CLI::App& shelf, Action& chosen) {
  add_verb(shelf, "duplicates", "Same files, same origins, nearly the same cards",
           "catalog duplicates", chosen, run_catalog_duplicates);
}

}  // namespace stylus::app
