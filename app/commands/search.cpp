#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/compose_options.h"
#include "app/jsonl.h"
#include "app/log.h"
#include "app/output.h"
#include "app/plan_table.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "composer/prompt_search.h"
#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::app {
namespace {

struct SearchCommand {
  std::string query;
  std::string queries_file, output_file;  ///< Batch form.
  std::size_t k = 10;
  catalog::Filter filter;
};

constexpr double kScoreScale = 1e4;  // scores are printed to four decimals

using Json = nlohmann::ordered_json;

/// One search with what the output needs of each hit.
struct Result {
  composer::SearchHit hit;
  catalog::Adapter adapter;
};

std::vector<Result> search(const Workspace& workspace, const catalog::CompiledFilter& filter,
                           std::string_view text, std::string_view context, std::size_t k) {
  composer::SearchOptions options;
  options.k = k;
  options.context = context;
  std::vector<Result> results;
  for (composer::SearchHit& hit : composer::search_prompt(
           workspace.retriever, workspace.encoder.get(), text, filter, options)) {
    catalog::Adapter adapter = workspace.catalog.get(hit.row);
    results.push_back({std::move(hit), std::move(adapter)});
  }
  return results;
}

double rounded(double score) { return std::round(score * kScoreScale) / kScoreScale; }

Json result_to_json(const Result& result) {
  Json json;
  json["id"] = result.adapter.id;
  json["name"] = result.adapter.name;
  json["score"] = rounded(result.hit.score);
  return json;
}

int search_batch(const GlobalOptions& global, const SearchCommand& command) {
  require(!command.output_file.empty(), ErrorCode::kInvalidArgument,
          "--queries needs --output FILE for the results");
  const Workspace workspace = open_workspace(global);
  const catalog::CompiledFilter filter = workspace.catalog.compile(command.filter);
  ProgressLine line(global);
  const ProgressFn progress = line.function();
  std::size_t count = 0;
  const BatchReport report =
      answer_lines(command.queries_file, command.output_file, [&](const nlohmann::json& request) {
        progress({"searching", count++, 0});
        require(request.contains("query") && request["query"].is_string(), ErrorCode::kCorruptData,
                "the line has no \"query\" text");
        Json answer;
        answer["id"] = request.contains("id") ? Json(request["id"]) : Json();
        answer["results"] = Json::array();
        for (const Result& result : search(workspace, filter, request["query"].get<std::string>(),
                                           json_string(request, "prompt"), command.k)) {
          answer["results"].push_back(result_to_json(result));
        }
        return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      });
  if (!global.quiet) {
    std::cerr << report.done << " searches written to " << command.output_file << ", "
              << report.refused << " refused\n";
  }
  return report.refused == 0 ? kSuccess : kSomeRefused;
}

void print_table(const std::vector<Result>& results, const std::string& query) {
  if (results.empty()) {
    std::cout << "Nothing in the catalogue fits the filters. stylus catalog stats shows what there "
                 "is; --base any and the --allow options let more in.\n";
    return;
  }
  Table table({"", "adapter", "id", "score", "why"});
  std::size_t rank = 0;
  for (const Result& result : results) {
    table.add(
        {{std::to_string(++rank), Ink::kDim},
         {result.adapter.name, Ink::kBold},
         result.adapter.id,
         {number(result.hit.score), Ink::kGreen},
         {evidence_text(composer::evidence_of(result.hit, query, result.adapter)), Ink::kDim}});
  }
  std::cout << table.str();
}

void print_json(const std::vector<Result>& results, const std::string& query) {
  Json answer;
  answer["query"] = query;
  answer["results"] = Json::array();
  for (const Result& result : results) {
    Json json = result_to_json(result);
    json["evidence"] = Json::array();
    for (const composer::Evidence& evidence :
         composer::evidence_of(result.hit, query, result.adapter)) {
      json["evidence"].push_back({{"field", evidence.field}, {"match", evidence.match}});
    }
    answer["results"].push_back(std::move(json));
  }
  std::cout << answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

int run_search(const GlobalOptions& global, const SearchCommand& command) {
  start_log(global);
  if (!command.queries_file.empty()) {
    require(command.query.empty(), ErrorCode::kInvalidArgument,
            "give either a QUERY or --queries FILE, not both");
    return search_batch(global, command);
  }
  require(is_valid_utf8(command.query), ErrorCode::kInvalidArgument,
          "the query is not valid UTF-8 text");
  const Workspace workspace = open_workspace(global);
  const std::vector<Result> results =
      search(workspace, workspace.catalog.compile(command.filter), command.query, "", command.k);
  if (global.json || !stdout_is_terminal()) {
    print_json(results, command.query);
  } else {
    print_table(results, command.query);
  }
  return kSuccess;
}

}  // namespace

void add_search_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<SearchCommand>();
  CLI::App& verb =
      add_verb(app, "search", "Ranked adapters for a keyword or a prompt, with the evidence",
               "search \"tour bus\" -k 5", chosen,
               [command](const GlobalOptions& global) { return run_search(global, *command); });
  const CLI::Option* query = verb.add_option("QUERY", command->query, "What to look for");
  verb.add_option("-k", command->k, "Results at most (default 10)")->check(CLI::Range(1, 10000));
  require_either(
      verb, query,
      verb.add_option("--queries", command->queries_file, "Batch: JSON lines with id and query"));
  verb.add_option("--output", command->output_file, "Batch: where the results go");
  add_filter_options(verb, command->filter, kDefaultBase);
}

}  // namespace stylus::app
