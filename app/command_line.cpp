#include "app/command_line.h"

#include <iostream>

#include "app/commands/verbs.h"
#include "app/status_map.h"
#include "app/verb.h"

namespace stylus::app {
namespace {

void add_catalog_verbs(CLI::App& app, Action& chosen) {
  CLI::App& shelf = add_verb_group(app, "catalog", "Look after the adapter catalogue",
                                   "catalog list --match watercolor");
  add_catalog_list_verb(shelf, chosen);
  add_catalog_show_verb(shelf, chosen);
  add_catalog_stats_verb(shelf, chosen);
  add_catalog_duplicates_verb(shelf, chosen);
  add_catalog_lint_verb(shelf, chosen);
  add_catalog_check_verb(shelf, chosen);
  add_catalog_set_verb(shelf, chosen);
}

/// In the order in which --help lists them.
void add_verbs(CLI::App& app, Action& chosen) {
  add_import_verb(app, chosen);
  add_refine_verb(app, chosen);
  add_search_verb(app, chosen);
  add_plan_verb(app, chosen);
  add_explain_verb(app, chosen);
  add_why_not_verb(app, chosen);
  add_export_verb(app, chosen);
  add_generate_verb(app, chosen);
  add_models_verbs(app, chosen);
  add_evaluate_verb(app, chosen);
  add_catalog_verbs(app, chosen);
  add_doctor_verb(app, chosen);
  add_completion_verb(app, chosen);
}

}  // namespace

int run_command_line(int argc, char** argv, GlobalOptions& global) {
  CLI::App app{"Finds the right LoRA adapters for a prompt, and says why.", "stylus"};
  app.footer(
      "Example: stylus plan \"a lighthouse in a storm, ukiyo-e\"\nstylus VERB --help shows one "
      "verb.");
  app.require_subcommand(1);
  app.set_version_flag("--version", STYLUS_VERSION);
  app.add_option("--home", global.home,
                 "Catalogue, index and models (default: $STYLUS_HOME or the XDG data folder)");
  app.add_option("--encoder", global.encoder,
                 "Text encoder: a name under models/encoders, or a folder");
  app.add_flag("--no-encoder", global.no_encoder, "Search by words only");
  app.add_flag("--json", global.json, "Machine-readable output");
  app.add_flag("-q,--quiet", global.quiet, "Only results and errors");
  app.add_flag("-v,--verbose", global.verbose, "Say what is being done");
  Action chosen;
  add_verbs(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& problem) {
    // "A subcommand is required" would puzzle somebody who typed one, but wrongly.
    const std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty()) {
      app.exit(problem);
    } else {
      std::cerr << "'" << unknown.front()
                << "' is not understood; `stylus --help` shows the verbs, `stylus VERB --help` "
                   "their options\n";
    }
    return exit_status(ErrorCode::kInvalidArgument);
  } catch (const CLI::ParseError& problem) {
    const int status = app.exit(problem);
    return status == 0 ? kSuccess : exit_status(ErrorCode::kInvalidArgument);
  }
  return chosen(global);
}

}  // namespace stylus::app
