#include <iostream>
#include <nlohmann/json.hpp>

#include "app/log.h"
#include "app/output.h"
#include "app/status_map.h"
#include "app/workspace.h"

namespace stylus::app {
namespace {

/// One line of the report.
struct Finding {
  std::string what;
  bool good = false;
  std::string detail;
  std::string remedy;  ///< What to do when it is not good.
};

Finding check_catalog(const Locations& locations) {
  Finding finding{"catalogue", false, locations.catalog_file().string(), "stylus import FOLDER"};
  try {
    const catalog::Catalog catalog = open_catalog(locations, catalog::OpenMode::kReadOnly);
    finding.good = catalog.size() > 0;
    finding.detail += ": " + std::to_string(catalog.size()) + " adapters, revision " +
                      std::to_string(catalog.revision());
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

Finding check_encoder(const GlobalOptions& global, const Locations& locations) {
  Finding finding{"text encoder", false, "none: search works by words only", "tools/setup"};
  try {
    if (const auto folder = find_encoder(global, locations)) {
      const auto encoder = encoder::open_text_encoder(*folder);
      const std::vector<std::string> texts = {
          "a lighthouse in a storm", "a beacon by the stormy sea", "a bowl of noodle soup"};
      const Rows vectors = encoder->encode(texts);
      double alike = 0;
      double unlike = 0;
      for (std::size_t d = 0; d < vectors.dim; ++d) {
        alike += double{vectors.row(0)[d]} * double{vectors.row(1)[d]};
        unlike += double{vectors.row(0)[d]} * double{vectors.row(2)[d]};
      }
      finding.good = alike > unlike;
      finding.detail =
          encoder->id() + " in " + folder->string() +
          (finding.good ? ""
                        : ": gives nonsense (it finds soup nearer to a lighthouse than a beacon)");
    }
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

Finding check_index(const GlobalOptions& global) {
  Finding finding{"search index", false, "none", "stylus refine"};
  try {
    const Workspace workspace = open_workspace(global);
    finding.good = workspace.retriever.revision() <= workspace.catalog.revision() &&
                   (workspace.encoder == nullptr || workspace.retriever.has_vectors());
    finding.detail = std::to_string(workspace.retriever.size()) + " adapters, " +
                     (workspace.retriever.has_vectors() ? "with vectors" : "words only") +
                     ", revision " + std::to_string(workspace.retriever.revision());
  } catch (const Error& error) {
    finding.detail = error.what();
  }
  return finding;
}

}  // namespace

int run_doctor(const GlobalOptions& global) {
  start_log(global);
  const Locations locations = find_locations(global);
  const std::vector<Finding> findings = {check_catalog(locations), check_encoder(global, locations),
                                         check_index(global)};
  bool all_good = true;
  nlohmann::ordered_json answer;
  answer["version"] = STYLUS_VERSION;
  answer["home"] = locations.home.string();
  answer["checks"] = nlohmann::json::array();
  Table table({"", "what", "found"});
  for (const Finding& finding : findings) {
    all_good = all_good && finding.good;
    answer["checks"].push_back({{"what", finding.what},
                                {"good", finding.good},
                                {"found", finding.detail},
                                {"remedy", finding.good ? "" : finding.remedy}});
    table.add({{finding.good ? "ok" : "missing", finding.good ? Ink::kGreen : Ink::kRed},
               finding.what,
               finding.detail + (finding.good ? "" : ". Remedy: " + finding.remedy)});
  }
  if (global.json) {
    std::cout << answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << "stylus " << STYLUS_VERSION << ", home " << locations.home.string() << '\n'
              << table.str();
    if (all_good) {
      std::cout
          << "All well. Pictures are rendered by the tool you use: stylus export PLAN --to a1111\n";
    }
  }
  return all_good ? kSuccess : kSomeRefused;
}

}  // namespace stylus::app
