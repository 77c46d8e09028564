#pragma once

#include <string>
#include <string_view>

#include "composer/composer.h"

namespace stylus::composer {

/// The options that shaped a plan, as Plan::composer_options_json.
[[nodiscard]] std::string options_to_json(const ComposeOptions& options);

/// The same for a plan that a language model chose: with its name and how it was asked.
[[nodiscard]] std::string options_to_json(const ComposeOptions& options, const LlmOptions& llm,
                                          const std::string& model);

/// The licence flags that a card states, as PlanAdapter::licence_json.
[[nodiscard]] std::string licence_to_json(const catalog::Licence& licence);

/// True for a trigger that many adapters have or whose words say nothing ("1girl", "anime style").
[[nodiscard]] bool is_generic_trigger(const retriever::Retriever& retriever,
                                      std::string_view phrase);

}  // namespace stylus::composer
