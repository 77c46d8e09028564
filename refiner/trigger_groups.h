#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"

namespace stylus::refiner {

/// True for a phrase that many adapters of the catalogue are prompted with ("1girl", "long hair"),
/// so that a list with it describes one picture and no list of choices.
using IsCommonPhrase = std::function<bool(std::string_view phrase)>;

/// The trigger words of a card in the groups that its author writes together. `texts`: the
/// description and what is said of single versions.
///
///   triggers "kiro", "red coat", "hat", text "Outfit: red coat, hat, scarf"
///     -> {kiro}, {Outfit: red coat, hat, scarf}
///   triggers "kiro, 1girl", text "Trigger: kiro"   -> {kiro, 1girl}
///   triggers "<lora:kiro:1>", text "Trigger word: kiro"   -> {kiro}
///
/// An entry with commas is a group as it stands. Single words are joined by the lists of the text
/// that name one of them, or that are announced as triggers or as an outfit. Weights, <lora:…>
/// tags, brackets of emphasis, links and remarks ("see description") are no triggers; lists of
/// examples, of negative prompts and of quality words are no groups. Long lists without a common
/// phrase are choices: each is a group of its own. A phrase keeps the card's spelling.
/// At most 64 groups of at most 40 phrases. Cost: linear in the texts.
[[nodiscard]] std::vector<catalog::TriggerGroup> trigger_groups(
    const std::vector<std::string>& triggers, const std::vector<std::string_view>& texts,
    const IsCommonPhrase& is_common);

/// A phrase without weights, emphasis, <lora:…> tags and quotes; "" if it is no trigger at all.
[[nodiscard]] std::string clean_phrase(std::string_view phrase);

}  // namespace stylus::refiner
