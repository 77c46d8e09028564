#pragma once

#include <memory>
#include <string_view>

#include "app/chat_options.h"
#include "app/workspace.h"
#include "chat/client.h"
#include "composer/composer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's
class App;
}

namespace stylus::app {

/// Which composer makes the plans.
struct StrategyOptions {
  std::string composer = "local";  ///< "local" or "llm"
  ChatOptions chat;
  composer::LlmOptions llm;
};

/// Adds --composer and the flags of the language model's server to a verb.
void add_strategy_options(CLI::App& verb, StrategyOptions& options);

/// Makes plans by the strategy that was asked for. `workspace` must outlive it.
///
/// Requires: a server or a recording with --composer llm, and neither without, else
///           Error(kInvalidArgument).
class Planner {
 public:
  Planner(const Workspace& workspace, const StrategyOptions& options);

  [[nodiscard]] composer::Plan plan(std::string_view prompt,
                                    const composer::ComposeOptions& options) const;

 private:
  composer::Composer composer_;
  composer::LlmOptions llm_;
  std::unique_ptr<chat::Client> client_;  ///< Null: the local composer.
};

}  // namespace stylus::app
