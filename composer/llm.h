#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "catalog/adapter.h"
#include "composer/keywords.h"

namespace stylus::composer {

/// How the language model is asked; the model itself belongs to the chat client.
struct LlmOptions {
  std::size_t candidates = 150;  ///< Adapters that the whole prompt finds and the model is offered.
  int max_reply_tokens = 2000;
  bool second_turn = true;  ///< Ask the model to go over its choice and delete what only resembles.
};

/// Grows whenever the questions or the checks change.
inline constexpr int kLlmPromptVersion = 1;

/// An adapter that a language model chose for a keyword.
struct ModelPick {
  std::size_t keyword = 0;  ///< Place in ModelChoice::keywords.
  catalog::AdapterRow row = 0;
  std::string reason;  ///< In the model's words, on one line; never empty.
};

/// A model's answer to a prompt after all checks.
struct ModelChoice {
  std::vector<KeywordSpan> keywords;  ///< In order of place; they do not overlap.
  std::vector<ModelPick> picks;       ///< In the model's order; each row once.
};

}  // namespace stylus::composer
