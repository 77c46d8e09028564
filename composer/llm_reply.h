#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/llm.h"

namespace stylus::composer {

inline constexpr std::size_t kMostPicksOfTopic = 3;  ///< Design 4.3.

/// A topic as a model named it, with the numbers of the offered adapters.
struct Topic {
  KeywordSpan span;
  struct Pick {
    std::size_t number = 0;  ///< In the list that was offered, from 1.
    std::string reason;
  };
  std::vector<Pick> picks;
};

/// A reply, checked. It is good when `problems` is empty; they are worded for the model.
struct Selection {
  std::vector<Topic> topics;  ///< As far as they keep the rules, in order of place.
  std::vector<std::string> problems;
};

/// Where `phrase` stands in a prompt, as whole words and nothing in between but blanks; case aside.
///
/// searchable: PromptReading::searchable, so syntax and negated words are never found.
/// from: the search begins at this byte.
[[nodiscard]] std::optional<Span> find_phrase(std::string_view searchable, std::string_view phrase,
                                              std::size_t from = 0);

/// Reads {"topics": [{"topic": "…", "adapters": [{"number": 3, "reason": "…"}]}]} and checks it:
/// topics stand in the prompt word for word, outside negations, and do not overlap; adapters are
/// among the `offered` numbers 1 to offered, each at most once, at most three a topic, each with a
/// reason.
///
/// allowed: numbers that may be chosen at all; empty = all that were offered. (The second turn may
///          only delete.)
/// Ensures: never throws for any reply. Cost: linear in reply and prompt for each topic, of which
/// 64 are read.
[[nodiscard]] Selection read_selection(std::string_view reply, std::string_view searchable,
                                       std::size_t offered,
                                       const std::vector<std::size_t>& allowed = {});

/// The selection as a reply that keeps all rules: what the conversation goes on with.
[[nodiscard]] std::string selection_to_json(const Selection& selection, std::string_view prompt);

}  // namespace stylus::composer
