#include <iostream>
#include <nlohmann/json.hpp>

#include "app/jsonl.h"
#include "app/log.h"
#include "app/output.h"
#include "app/plan_file.h"
#include "app/plan_table.h"
#include "app/planner.h"
#include "app/progress_line.h"
#include "app/status_map.h"
#include "app/workspace.h"
#include "dialects/dialects.h"
#include "support/file.h"

namespace stylus::app {
namespace {

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

}  // namespace

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

}  // namespace stylus::app
