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

/// How to reach a language or vision-language model (app/chat_options.h).
struct ChatOptions {
  std::string url, model;
  std::string key_file, ca_file;
  std::string record_file, replay_file;
  std::int64_t max_requests = 0, max_tokens = 0;  ///< 0 = no bound.
  int concurrency = 4;
  int requests_per_minute = 0;  ///< 0 = no bound.
  double timeout_seconds = 180;

  [[nodiscard]] bool given() const { return !url.empty() || !replay_file.empty(); }
};

/// Which composer makes the plans (app/planner.h).
struct StrategyOptions {
  std::string composer = "local";  ///< "local" or "llm"
  ChatOptions chat;
  composer::LlmOptions llm;
};

struct ImportCommand {
  std::vector<std::string> paths;
  bool dry_run = false;
  bool no_example_prompts = false;
  bool no_norms = false;
  bool no_encode = false;
};

struct RefineCommand {
  ChatOptions chat;  ///< Without a server: by rules only.
  bool allow_adult = false, allow_people = false;
  bool retry = false;
  std::int64_t limit = 0;
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
  StrategyOptions strategy;
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

struct GenerateCommand {
  std::string prompt, plan_file;
  std::string output_file = "out.png";
  std::string plan_output;
  std::string model;  ///< A name of `stylus models list` or a path; "" takes the first.
  composer::ComposeOptions compose;
  StrategyOptions strategy;
  bool base_was_typed = false;
  bool no_adapters = false;
  std::optional<int> images;
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> steps;
  std::optional<double> guidance;
  double guidance_rescale = 0;
  std::string sampler;
  std::int64_t width = 0, height = 0;  ///< 0: the model's own.
  int clip_skip = 1;
  std::string init_file, mask_file;
  double strength = 0.6;
  double hires_scale = 1, hires_strength = 0.7;
  std::int64_t hires_steps = 0;
  std::string composition = "sum";
  bool grid = false;
  std::int64_t preview_every = 0;
  bool tiled_vae = false;
  std::int64_t batch = 0;
  std::string latents_file;
  std::string device = "auto", dtype = "auto", prediction;
  int threads = 0;
  bool dry_run = false;
};

struct EvaluateCommand {
  std::string run_file;
  std::string output;                            ///< Folder; "" = the run file's name + "-results".
  std::string shard;                             ///< "2/8"
  std::vector<std::string> merge;                ///< Folders of shards.
  std::vector<std::string> compare;              ///< Two run folders.
  std::string plans_file, reference_plans_file;  ///< Plan quality, without pictures.
  std::vector<std::string> sheet;                ///< Two methods for people to judge.
  std::vector<std::string> judge;                ///< Two methods for a model to judge.
  ChatOptions chat;                              ///< For methods of kind llm, and the judge.
  bool retry_failed = false;
  bool dry_run = false;
  std::string device = "auto";
  int threads = 0;
};

struct CatalogListCommand {
  catalog::Filter filter;
  std::string match;
  std::string category;
  std::string order = "added";
  std::size_t limit = 50;
  std::size_t offset = 0;
};

struct CatalogLintCommand {
  bool files = false;
  std::string html_file;
};

struct CatalogCheckCommand {
  std::string prompts_file;
  std::string html_file;
  bool update = false;
  composer::ComposeOptions compose;
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
int run_refine(const GlobalOptions& global, const RefineCommand& command);
int run_search(const GlobalOptions& global, const SearchCommand& command);
int run_plan(const GlobalOptions& global, const PlanCommand& command);
int run_explain(const GlobalOptions& global, const ExplainCommand& command);
int run_why_not(const GlobalOptions& global, const WhyNotCommand& command);
int run_generate(const GlobalOptions& global, const GenerateCommand& command);
int run_evaluate(const GlobalOptions& global, const EvaluateCommand& command);
int run_models_list(const GlobalOptions& global);
int run_models_verify(const GlobalOptions& global, const std::string& name);
int run_export(const GlobalOptions& global, const ExportCommand& command);
int run_catalog_list(const GlobalOptions& global, const CatalogListCommand& command);
int run_catalog_show(const GlobalOptions& global, const CatalogShowCommand& command);
int run_catalog_stats(const GlobalOptions& global);
int run_catalog_duplicates(const GlobalOptions& global);
int run_catalog_lint(const GlobalOptions& global, const CatalogLintCommand& command);
int run_catalog_check(const GlobalOptions& global, const CatalogCheckCommand& command);
int run_catalog_set(const GlobalOptions& global, const CatalogSetCommand& command);
int run_doctor(const GlobalOptions& global);

}  // namespace stylus::app
