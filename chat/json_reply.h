#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace stylus::chat {

inline constexpr std::size_t kMaxJsonReplyBytes = std::size_t{256} << 10U;

/// The JSON object in a model's reply that has `key`, however the model wrapped it: in a code
/// fence, behind a chain of thought in <think> tags, between sentences, inside another object or
/// list. Trailing commas and raw line breaks in texts are forgiven.
///
/// "Sure! ```json\n{\"a\": 1,}\n```" with key "a" -> {"a": 1}
/// Ensures: never throws for any text; nothing where there is no such object in the first 256 KiB.
/// Cost: linear for each of the first 64 opening braces.
[[nodiscard]] std::optional<nlohmann::json> find_json_object(std::string_view reply,
                                                             const std::string& key);

/// True for a text in which an object is opened and never closed.
[[nodiscard]] bool has_unfinished_object(std::string_view reply);

/// True for a reply that repeats itself: more than half of its runs of six words came before, or
/// its end is one short piece over and over.
[[nodiscard]] bool repeats_itself(std::string_view reply);

/// True for a text that begins as models begin when they decline ("I'm sorry, but I can't …").
[[nodiscard]] bool sounds_like_refusal(std::string_view text);

}  // namespace stylus::chat
