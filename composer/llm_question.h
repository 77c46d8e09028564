#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "chat/message.h"
#include "composer/composer.h"
#include "composer/llm.h"

namespace stylus::composer {

/// The first question: the rules, the prompt and the offered adapters, numbered from 1.
///
/// Rules after the Stylus paper (section 3.3, appendix) in our own words. Cards and prompt are sent
/// as JSON texts: data.
[[nodiscard]] chat::Request first_question(std::string_view prompt,
                                           const std::vector<catalog::Adapter>& offered,
                                           const ComposeOptions& options, const LlmOptions& llm);

/// The second turn: go over the choice and delete.
[[nodiscard]] const std::string& review_question();

/// Tells the rules that a reply broke, once.
[[nodiscard]] std::string repair_question(const std::vector<std::string>& problems);

}  // namespace stylus::composer
