#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/refresh.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "catalog/importer.h"

namespace stylus::app {
namespace {

struct ImportCommand {
  std::vector<std::string> paths;
  bool dry_run = false;
  bool no_example_prompts = false;
  bool no_norms = false;
  bool no_encode = false;
};

constexpr std::size_t kRefusalsShown = 20;
void print_report(const catalog::ImportReport& report, const refiner::EmbedReport& embedded,
                  const catalog::Catalog& catalog, bool dry_run) {
  std::cout << (dry_run ? "Would import: " : "") << report.seen
            << " cards and files: " << report.added << " added, " << report.changed << " changed, "
            << report.unchanged << " unchanged, " << report.duplicates << " duplicates, "
            << report.refused.size() << " refused";
  if (report.missing > 0) {
    std::cout << "; " << report.missing << " files are missing now";
  }
  std::cout << ".\n";
  for (std::size_t i = 0; i < std::min(kRefusalsShown, report.refused.size()); ++i) {
    std::cout << "  refused " << printable(report.refused[i].source) << ": "
              << printable(report.refused[i].reason) << '\n';
  }
  if (report.refused.size() > kRefusalsShown) {
    std::cout << "  and " << report.refused.size() - kRefusalsShown
              << " more; --json lists them all\n";
  }
  if (!dry_run) {
    std::cout << embedded.encoded << " texts encoded. The catalogue holds " << catalog.size()
              << " adapters, revision " << catalog.revision() << ".\n";
  }
}

void print_json(const catalog::ImportReport& report, const refiner::EmbedReport& embedded,
                const catalog::Catalog& catalog, bool dry_run) {
  nlohmann::ordered_json answer;
  answer["dry_run"] = dry_run;
  answer["seen"] = report.seen;
  answer["added"] = report.added;
  answer["changed"] = report.changed;
  answer["unchanged"] = report.unchanged;
  answer["duplicates"] = report.duplicates;
  answer["missing"] = report.missing;
  answer["refused"] = nlohmann::json::array();
  for (const catalog::Refusal& refusal : report.refused) {
    answer["refused"].push_back({{"source", refusal.source}, {"reason", refusal.reason}});
  }
  answer["texts_encoded"] = embedded.encoded;
  answer["adapters"] = catalog.size();
  answer["revision"] = catalog.revision();
  std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

int run_import(const GlobalOptions& global, const ImportCommand& command) {
  start_log(global);
  const Locations locations = find_locations(global);
  catalog::Catalog catalog(locations.catalog_file(), catalog::OpenMode::kReadWrite);
  catalog::ImportOptions options;
  options.dry_run = command.dry_run;
  options.example_prompts = !command.no_example_prompts;
  options.compute_norms = !command.no_norms;
  catalog::ImportReport report;
  {
    ProgressLine line(global);
    options.progress = line.function();
    report = catalog::import_paths(catalog, {command.paths.begin(), command.paths.end()}, options);
  }
  refiner::EmbedReport embedded;
  if (!command.dry_run && !command.no_encode) {
    const refiner::RulesReport rules = describe_by_rules(global, catalog);
    embedded = encode_and_index(global, locations, catalog,
                                std::max(report.added + report.changed, rules.changed));
  }
  if (global.json) {
    print_json(report, embedded, catalog, command.dry_run);
  } else if (!global.quiet || !report.refused.empty()) {
    print_report(report, embedded, catalog, command.dry_run);
  }
  return report.refused.empty() ? kSuccess : kSomeRefused;
}

}  // namespace

void add_import_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<ImportCommand>();
  CLI::App& verb =
      add_verb(app, "import", "Read adapter folders, files and card lists into the catalogue",
               "import ~/loras cards.jsonl", chosen,
               [command](const GlobalOptions& global) { return run_import(global, *command); });
  verb.add_option("PATH", command->paths, "Folders, adapter files, *.jsonl card lists")->required();
  verb.add_flag("--dry-run", command->dry_run, "Read and check, store nothing");
  verb.add_flag("--no-example-prompts", command->no_example_prompts,
                "Leave the cards' example prompts out");
  verb.add_flag("--no-norms", command->no_norms, "Do not read tensor bytes for update norms");
  verb.add_flag("--no-encode", command->no_encode,
                "Do not encode the cards; `stylus refine` does it later");
}

}  // namespace stylus::app
