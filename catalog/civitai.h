#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/card.h"
#include "catalog/card_line.h"

namespace stylus::catalog {

/// A model object of Civitai's API ("modelVersions" with files and images inside).
/// Requires: it is an adapter with an id, else Error(kUnsupported or kCorruptData).
[[nodiscard]] Card card_of_model(const nlohmann::json& model, ExamplePrompts prompts);

/// A model-version object (what `.civitai.info` holds), with "model" inside where known.
/// What is missing stays empty, id included.
/// Requires: an adapter, as far as it says so, else Error(kUnsupported).
[[nodiscard]] Card card_of_version(const nlohmann::json& version, ExamplePrompts prompts);

/// "Sell", "Rent", "Image", "None" or "": the most that the card allows. Newer cards hold a list
/// of separate permissions; without selling images among them the answer is "None".
[[nodiscard]] std::string commercial_use(const nlohmann::json* value);

/// Appends the slug of a base family's spelling, once; unknown spellings add nothing.
void add_base(std::string_view spelling, std::vector<std::string>& bases);

/// Weights beyond this or 0 are no strengths.
[[nodiscard]] bool is_plausible_weight(double weight);

/// Fills the card's advice from its description, else its version notes, else `hint`, unless it has
/// one.
void read_weight_from_texts(Card& card, const std::string& hint = "");

}  // namespace stylus::catalog
