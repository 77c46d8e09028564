#include <iostream>
#include <nlohmann/json.hpp>

#include "app/log.h"
#include "app/refresh.h"
#include "app/status_map.h"
#include "app/workspace.h"

namespace stylus::app {

int run_refine(const GlobalOptions& global) {
  start_log(global);
  const Locations locations = find_locations(global);
  catalog::Catalog catalog = open_catalog(locations, catalog::OpenMode::kReadWrite);
  const refiner::RulesReport rules = describe_by_rules(global, catalog);
  const refiner::EmbedReport report = encode_and_index(global, locations, catalog, catalog.size());
  if (global.json) {
    const nlohmann::ordered_json answer = {{"adapters", rules.adapters},
                                           {"described", rules.changed},
                                           {"texts_encoded", report.encoded},
                                           {"texts_unchanged", report.reused}};
    std::cout << answer.dump() << '\n';
  } else if (!global.quiet) {
    std::cout << rules.adapters << " adapters: " << rules.changed << " described anew, "
              << report.encoded << " texts encoded, " << report.reused
              << " unchanged. The search index is fresh.\n";
  }
  return kSuccess;
}

}  // namespace stylus::app
