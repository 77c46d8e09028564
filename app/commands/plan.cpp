#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/verbs.h"
#include "app/compose_options.h"
#include "app/jsonl.h"
#include "app/log.h"
#include "app/output.h"
#include "app/plan_file.h"
#include "app/plan_table.h"
#include "app/planner.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/verb.h"
#include "app/workspace.h"
#include "dialects/dialects.h"
#include "support/file.h"

namespace stylus::app {
namespace {

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

int plan_batch(const GlobalOptions& global, const PlanCommand& command) {
  require(!command.output_file.empty(), ErrorCode::kInvalidArgument,
          "--prompts needs --output FILE for the plans");
  const Workspace workspace = open_workspace(global);
  const Planner planner(workspace, command.strategy);
  ProgressLine line(global);
  const ProgressFn progress = line.function();
  std::size_t count = 0;
  const BatchReport report =
      answer_lines(command.prompts_file, command.output_file, [&](const nlohmann::json& request) {
        progress({"planning", count++, 0});
        require(request.contains("prompt") && request["prompt"].is_string(),
                ErrorCode::kCorruptData, "the line has no \"prompt\" text");
        composer::Plan plan = planner.plan(request["prompt"].get<std::string>(), command.compose);
        if (request.contains("id")) {
          plan.id =
              request["id"].is_string() ? request["id"].get<std::string>() : request["id"].dump();
        }
        return composer::plan_to_json(plan);
      });
  if (!global.quiet) {
    std::cerr << report.done << " plans written to " << command.output_file << ", "
              << report.refused << " refused\n";
  }
  return report.refused == 0 ? kSuccess : kSomeRefused;
}

int run_plan(const GlobalOptions& global, const PlanCommand& command) {
  start_log(global);
  if (!command.prompts_file.empty()) {
    require(command.prompt.empty(), ErrorCode::kInvalidArgument,
            "give either a PROMPT or --prompts FILE, not both");
    return plan_batch(global, command);
  }
  const Workspace workspace = open_workspace(global);
  const composer::Plan plan =
      Planner(workspace, command.strategy).plan(command.prompt, command.compose);
  if (!command.output_file.empty()) {
    write_file_atomically(command.output_file, composer::plan_to_json(plan, 2) + "\n");
  }
  if (global.json || (command.output_file.empty() && !stdout_is_terminal())) {
    std::cout << composer::plan_to_json(plan, 2) << '\n';
  } else if (!global.quiet || command.output_file.empty()) {
    std::cout << plan_table(plan);
  }
  return kSuccess;
}

int run_explain(const GlobalOptions& global, const ExplainCommand& command) {
  start_log(global);
  const composer::Plan plan = read_plan_file(command.plan_file);
  if (global.json) {
    std::cout << composer::plan_to_json(plan, 2) << '\n';
  } else {
    std::cout << plan_explanation(plan);
  }
  return kSuccess;
}

int run_why_not(const GlobalOptions& global, const WhyNotCommand& command) {
  start_log(global);
  const Workspace workspace = open_workspace(global);
  const catalog::Adapter adapter = workspace.catalog.resolve(command.adapter);
  const composer::Composer composer(workspace.catalog, workspace.retriever,
                                    workspace.encoder.get());
  const std::string answer = composer.why_not(adapter.row, command.prompt, command.compose);
  if (global.json) {
    const nlohmann::ordered_json line = {
        {"id", adapter.id}, {"name", adapter.name}, {"prompt", command.prompt}, {"answer", answer}};
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << printable(answer) << '\n';
  }
  return kSuccess;
}

int run_export(const GlobalOptions& global, const ExportCommand& command) {
  start_log(global);
  const std::string text =
      dialects::export_plan(read_plan_file(command.plan_file), command.dialect);
  if (!command.output_file.empty()) {
    write_file_atomically(command.output_file, text);
  } else if (global.json) {
    const nlohmann::ordered_json line = {{"to", command.dialect}, {"text", text}};
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << text << (text.empty() || text.back() != '\n' ? "\n" : "");
  }
  return kSuccess;
}

}  // namespace

void add_plan_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<PlanCommand>();
  CLI::App& verb =
      add_verb(app, "plan", "Which adapters serve which words of the prompt, how strongly, and why",
               "plan \"a lighthouse in a storm, ukiyo-e\"", chosen,
               [command](const GlobalOptions& global) { return run_plan(global, *command); });
  const CLI::Option* prompt = verb.add_option("PROMPT", command->prompt, "The prompt");
  require_either(
      verb, prompt,
      verb.add_option("--prompts", command->prompts_file, "Batch: JSON lines with id and prompt"));
  verb.add_option("-o,--output", command->output_file,
                  "Write the plan (or the batch's plans) to this file");
  add_compose_options(verb, command->compose);
  add_strategy_options(verb, command->strategy);
}

void add_explain_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<ExplainCommand>();
  CLI::App& verb =
      add_verb(app, "explain", "A stored plan in plain words", "explain plan.json", chosen,
               [command](const GlobalOptions& global) { return run_explain(global, *command); });
  verb.add_option("PLAN", command->plan_file, "A plan file, or - for standard input")->required();
}

void add_why_not_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<WhyNotCommand>();
  CLI::App& verb =
      add_verb(app, "why-not", "Why an adapter is not in the plan of a prompt",
               "why-not sample:ink-wash \"a penguin, line art\"", chosen,
               [command](const GlobalOptions& global) { return run_why_not(global, *command); });
  verb.add_option("ADAPTER", command->adapter, "Id, name, file stem or hash prefix")->required();
  verb.add_option("PROMPT", command->prompt, "The prompt")->required();
  add_compose_options(verb, command->compose);
}

void add_export_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<ExportCommand>();
  CLI::App& verb = add_verb(
      app, "export", "A plan in another tool's language", "export plan.json --to a1111", chosen,
      [command](const GlobalOptions& global) { return run_export(global, *command); });
  verb.add_option("PLAN", command->plan_file, "A plan file, or - for standard input")->required();
  verb.add_option("--to", command->dialect, "a1111 or diffusers")->required();
  verb.add_option("-o,--output", command->output_file, "File instead of standard output");
}

}  // namespace stylus::app
