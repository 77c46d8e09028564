#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "chat/message.h"

namespace stylus::chat {

/// Whether the body asks for a reply in the request's schema.
enum class Structure { kAsked, kLeftOut };

/// The body of POST /v1/chat/completions for a request, keys in a fixed order.
///
/// Pictures become data URLs. Requires: UTF-8 texts and a well-formed schema, else
/// Error(kInvalidArgument).
[[nodiscard]] std::string request_body(const Request& request, const std::string& model,
                                       Structure structure = Structure::kAsked);

/// What a recording keeps of a request: the body with each picture as its type, size and SHA-256.
[[nodiscard]] nlohmann::ordered_json recorded_request(const Request& request,
                                                      const std::string& model);

/// Reads a chat completion.
///
/// Content may be a text, null or a list of text parts. Counts that are missing or absurd are
/// estimated from the texts. Unknown fields are ignored.
/// Requires: an object with a choice that holds a message, else Error(kCorruptData).
[[nodiscard]] Reply read_completion(std::string_view body, const std::string& asked_model,
                                    std::size_t request_bytes, std::size_t max_bytes);

/// The message and code of an error body, on one line of at most 300 bytes; "" for anything else.
/// {"error": {"message", "code"}} (OpenAI), {"error": "text"} (Ollama), {"detail": …}, {"message":
/// …}
struct ErrorBody {
  std::string message, code;
};
[[nodiscard]] ErrorBody read_error(std::string_view body);

}  // namespace stylus::chat
