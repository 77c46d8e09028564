#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace stylus::composer {

/// True for a phrase that fires for many adapters, or whose words say nothing.
using IsGeneric = std::function<bool(std::string_view phrase)>;

/// Which of an adapter's trigger words the plan uses.
///
///   card: "ukiyo-e", "ukiyo-e, woodblock, 1girl"   prompt: "a lighthouse"   -> "ukiyo-e" inserted
///   card: "tang style", "song style"   prompt: "tang style dress"           -> "tang style", there
///
/// `triggers`: in card order; an entry with commas is one group of phrases. If the prompt holds a
/// phrase already, those are listed and nothing is inserted. Else the first entry with a phrase
/// that is not generic is inserted: its phrases that are not, at most three of at most six words
/// each.
/// `searchable`: PromptReading::searchable, so that negated words do not count as there.
[[nodiscard]] std::vector<PlanTrigger> choose_triggers(const std::vector<std::string>& triggers,
                                                       std::string_view searchable,
                                                       const IsGeneric& is_generic,
                                                       bool may_insert);

/// The prompt with the inserted triggers at its end, each once: "a lighthouse, ukiyo-e".
[[nodiscard]] std::string with_triggers(std::string_view prompt,
                                        const std::vector<PlanAdapter>& adapters);

}  // namespace stylus::composer
