#include "app/planner.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "app/chat_options.h"
#include "app/log.h"
#include "support/error.h"

namespace stylus::app {

void add_strategy_options(CLI::App& verb, StrategyOptions& options) {
  verb.add_option("--composer", options.composer,
                  "local (default): no language model; llm: ask the one behind --llm")
      ->check(CLI::IsMember({"local", "llm"}))
      ->group("Composition");
  add_chat_options(verb, options.chat, "--llm", "--llm-model");
  verb.add_option("--llm-candidates", options.llm.candidates,
                  "Adapters that the model is offered (default 150)")
      ->check(CLI::Range(1, 1000))
      ->group("Model server");
}

Planner::Planner(const Workspace& workspace, const StrategyOptions& options)
    : composer_(workspace.catalog, workspace.retriever, workspace.encoder.get()),
      llm_(options.llm) {
  if (options.composer == "llm") {
    client_ = open_chat(options.chat);
    return;
  }
  require(!options.chat.given(), ErrorCode::kInvalidArgument,
          "a language model was named, but the local composer asks none: add --composer llm");
}

composer::Plan Planner::plan(std::string_view prompt,
                             const composer::ComposeOptions& options) const {
  if (client_ == nullptr) {
    return composer_.plan(prompt, options);
  }
  composer::Plan plan = composer_.plan_with_model(prompt, options, *client_, llm_);
  const chat::Spent spent = client_->spent();
  log_debug("so far " + std::to_string(spent.requests) + " requests and " +
            std::to_string(spent.tokens) + " tokens were used");
  return plan;
}

}  // namespace stylus::app
