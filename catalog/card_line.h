#pragma once

#include <string>
#include <string_view>

#include "catalog/card.h"

namespace stylus::catalog {

enum class ExamplePrompts { kKeep, kDrop };

/// Reads one line of a card list: our own shape (id, name, base_model, tags, trained_words,
/// description_text, …) or a model object of Civitai's API.
///
/// A numeric id becomes "civitai:<id>", a text stays as it is. Missing fields and fields of odd
/// types are silence. Invalid UTF-8 is refused by the JSON rules.
/// Requires: a JSON object within bounds that names an id and is an adapter (LORA, LoCon, DoRA,
///           TextualInversion), else Error(kCorruptData or kUnsupported) with the reason.
[[nodiscard]] Card read_card_line(std::string_view line, ExamplePrompts prompts);

/// Our kind for a type as tools write it ("LoCon" is "lora"); "lora" where the type is empty.
/// `what` names the source in messages.
/// Requires: a kind of adapter, else Error(kUnsupported).
[[nodiscard]] std::string kind_of_type(std::string_view type, std::string_view what);

}  // namespace stylus::catalog
