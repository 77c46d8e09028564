#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "refiner/vlm_refiner.h"

namespace stylus::refiner {

/// Sentences that a description may hold: those with links, mark-up, training details or words
/// addressed to a model or its operator are dropped; the rest on one line of at most `limit_bytes`.
///
/// "A red fox. Trained on 40 images. See https://x.y" -> "A red fox."
[[nodiscard]] std::string describing_sentences(std::string_view text, std::size_t limit_bytes);

/// True where most letters are Latin and no other language's small words outnumber the English
/// ones.
[[nodiscard]] bool reads_as_english(std::string_view text);

/// Checks the parsed reply against the card. The text says why it is refused.
[[nodiscard]] std::variant<VlmDescription, std::string> checked_description(
    const nlohmann::json& reply, const VlmCard& card);

}  // namespace stylus::refiner
