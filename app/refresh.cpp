#include "app/refresh.h"

#include "app/log.h"
#include "app/progress_line.h"

namespace stylus::app {
namespace {

// Fewer changes than this share of the catalogue are searched from memory instead of a new index.
constexpr std::int64_t kRebuildShare = 50;

}  // namespace

refiner::RulesReport describe_by_rules(const GlobalOptions& global, catalog::Catalog& catalog) {
  ProgressLine line(global);
  return refiner::refine_by_rules(catalog, line.function());
}

refiner::EmbedReport encode_and_index(const GlobalOptions& global, const Locations& locations,
                                      catalog::Catalog& catalog, std::int64_t changes) {
  refiner::EmbedReport report;
  std::string encoder_id;
  if (const auto folder = find_encoder(global, locations)) {
    const auto encoder = encoder::open_text_encoder(*folder);
    encoder_id = encoder->id();
    ProgressLine line(global);
    report = refiner::embed_catalog(catalog, *encoder, line.function());
  } else if (!global.no_encoder) {
    log_warning(
        "no text encoder is installed, so search works by words only; tools/setup installs one");
  }
  if (changes * kRebuildShare > catalog.size() || report.encoded * kRebuildShare > catalog.size()) {
    retriever::Retriever::build(catalog, locations.index_folder(), encoder_id);
  } else {
    const retriever::Retriever check(catalog, locations.index_folder(), encoder_id);
    log_debug("index holds " + std::to_string(check.size()) + " adapters");
  }
  return report;
}

}  // namespace stylus::app
