#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "composer/composer.h"

namespace stylus::app {

/// Options that every verb understands.
struct GlobalOptions {
  std::string home;     ///< --home; else STYLUS_HOME, else the XDG data folder + /stylus.
  std::string encoder;  ///< --encoder: a name under models/encoders or a folder; "" = default.
  bool no_encoder = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

struct ImportCommand {
  std::vector<std::string> paths;
  bool dry_run = false;
  bool no_example_prompts = false;
  bool no_norms = false;
  bool no_encode = false;
};

struct SearchCommand {
  std::string query;
  std::string queries_file, output_file;  ///< Batch form.
  std::size_t k = 10;
  catalog::Filter filter;
};

struct PlanCommand {
  std::string prompt;
  std::string prompts_file;
  std::string output_file;
  composer::ComposeOptions compose;
};

struct ExplainCommand {
  std::string plan_file;
};

struct WhyNotCommand {
  std::string adapter;
  std::string prompt;
  composer::ComposeOptions compose;
};

struct ExportCommand {
  std::string plan_file;
  std::string dialect;
  std::string output_file;
};

struct CatalogListCommand {
  catalog::Filter filter;
  std::string match;
  std::string category;
  std::string order = "added";
  std::size_t limit = 50;
  std::size_t offset = 0;
};

struct CatalogShowCommand {
  std::string adapter;
};

struct CatalogSetCommand {
  std::string adapter;
  std::string weight, triggers, rating, notes;  ///< "" = leave, "none" = remove.
  std::string favourite, blocked;               ///< "", "yes", "no"
  bool dry_run = false;
};

/// What was typed: the verb's function, ready to run.
using Action = std::function<int(const GlobalOptions&)>;

int run_import(const GlobalOptions& global, const ImportCommand& command);
int run_refine(const GlobalOptions& global);
int run_search(const GlobalOptions& global, const SearchCommand& command);
int run_plan(const GlobalOptions& global, const PlanCommand& command);
int run_explain(const GlobalOptions& global, const ExplainCommand& command);
int run_why_not(const GlobalOptions& global, const WhyNotCommand& command);
int run_export(const GlobalOptions& global, const ExportCommand& command);
int run_catalog_list(const GlobalOptions& global, const CatalogListCommand& command);
int run_catalog_show(const GlobalOptions& global, const CatalogShowCommand& command);
int run_catalog_stats(const GlobalOptions& global);
int run_catalog_duplicates(const GlobalOptions& global);
int run_catalog_lint(const GlobalOptions& global);
int run_catalog_set(const GlobalOptions& global, const CatalogSetCommand& command);
int run_doctor(const GlobalOptions& global);

}  // namespace stylus::app
