// stylus refine: describe what changed, by rules and with a model, and embed it.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/chat_options.h"
#include "app/commands/verbs.h"
#include "app/log.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "app/refresh.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "refiner/vlm_describer.h"

namespace stylus::app {
namespace {

struct RefineCommand {
  ChatOptions chat;  ///< Without a server: by rules only.
  bool allow_adult = false, allow_people = false;
  bool retry = false;
  std::int64_t limit = 0;
};

refiner::ModelReport describe_by_model(const GlobalOptions& global, const RefineCommand& command,
                                       catalog::Catalog& catalog) {
  const std::unique_ptr<chat::Client> client = open_chat(command.chat);
  const std::unique_ptr<refiner::Describer> describer = refiner::make_vlm_describer(*client);
  refiner::ModelOptions options;
  options.allow_adult = command.allow_adult;
  options.allow_people = command.allow_people;
  options.retry = command.retry;
  options.limit = command.limit;
  options.workers = static_cast<std::size_t>(std::max(1, command.chat.concurrency));
  ProgressLine line(global);
  return refiner::refine_by_model(catalog, *describer, options, line.function());
}

nlohmann::ordered_json to_json(const refiner::ModelReport& report) {
  nlohmann::ordered_json json = {{"due", report.due},
                                 {"asked", report.asked},
                                 {"accepted", report.accepted},
                                 {"outcomes", nlohmann::ordered_json::object()},
                                 {"kept_back", report.kept_back},
                                 {"requests", report.requests},
                                 {"input_tokens", report.input_tokens},
                                 {"output_tokens", report.output_tokens},
                                 {"pictures", report.pictures},
                                 {"stopped_by", report.stopped_by}};
  for (const auto& [outcome, count] : report.outcomes) {
    json["outcomes"][outcome] = count;
  }
  return json;
}

void print_for_people(const refiner::ModelReport& report) {
  std::cout << "The model was asked about " << report.asked << " of " << report.due
            << " adapters: " << report.accepted << " descriptions accepted";
  for (const auto& [outcome, count] : report.outcomes) {
    if (outcome != "accepted") {
      std::cout << ", " << count << ' ' << printable(outcome);
    }
  }
  std::cout << ". " << report.requests << " requests, " << report.input_tokens << " tokens in, "
            << report.output_tokens << " out, " << report.pictures << " pictures.\n";
  if (report.kept_back > 0) {
    std::cout << report.kept_back
              << " adapters were kept back: rated adult or not at all, or of real people "
                 "(--send-adult, --send-people)\n";
  }
  if (!report.stopped_by.empty()) {
    std::cout << "It stopped early: " << printable(report.stopped_by)
              << ". The same command goes on from there.\n";
  }
}

int run_refine(const GlobalOptions& global, const RefineCommand& command) {
  start_log(global);
  const Locations locations = find_locations(global);
  catalog::Catalog catalog = open_catalog(locations, catalog::OpenMode::kReadWrite);
  const refiner::RulesReport rules = describe_by_rules(global, catalog);
  std::optional<refiner::ModelReport> model;
  if (command.chat.given()) {
    model = describe_by_model(global, command, catalog);
  }
  const refiner::EmbedReport report = encode_and_index(global, locations, catalog, catalog.size());
  if (global.json) {
    nlohmann::ordered_json answer = {{"adapters", rules.adapters},
                                     {"described", rules.changed},
                                     {"texts_encoded", report.encoded},
                                     {"texts_unchanged", report.reused}};
    if (model) {
      answer["model"] = to_json(*model);
    }
    std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else if (!global.quiet) {
    std::cout << rules.adapters << " adapters: " << rules.changed << " described anew by rules, "
              << report.encoded << " texts encoded, " << report.reused
              << " unchanged. The search index is fresh.\n";
    if (model) {
      print_for_people(*model);
    }
  }
  return model && !model->stopped_by.empty() ? kSomeRefused : kSuccess;
}

}  // namespace

void add_refine_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<RefineCommand>();
  CLI::App& verb =
      add_verb(app, "refine", "Describe and encode what changed: by rules, or better with a model",
               "refine --vlm http://127.0.0.1:8080 --model qwen2-vl", chosen,
               [command](const GlobalOptions& global) { return run_refine(global, *command); });
  add_chat_options(verb, command->chat, "--vlm", "--model");
  verb.add_option("--limit", command->limit, "Ask about this many adapters at most (0 = all)")
      ->check(CLI::NonNegativeNumber);
  verb.add_flag("--retry", command->retry, "Ask again where this model's answer was not accepted");
  verb.add_flag("--send-adult", command->allow_adult,
                "Send adapters rated adult or not at all, too");
  verb.add_flag("--send-people", command->allow_people, "Send those of real people, too");
}

}  // namespace stylus::app
