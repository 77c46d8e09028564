#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "chat/message.h"

namespace stylus::chat {

/// What servers differ in.
struct BodyStyle {
  enum class Structure {
    kSchema,  ///< response_format json_schema (OpenAI, llama.cpp, Ollama, vLLM)
    kObject,  ///< json_object with the schema beside it (llama-cpp-python)
    kFree,
  };
  Structure structure = Structure::kSchema;
  bool completion_tokens = false;  ///< max_completion_tokens instead of max_tokens.
  bool temperature = true;         ///< Some models take no other than their own.

  [[nodiscard]] bool operator==(const BodyStyle&) const = default;
};

/// The body of POST /v1/chat/completions for a request, keys in a fixed order.
///
/// Pictures become data URLs. Requires: UTF-8 texts and a well-formed schema, else
/// Error(kInvalidArgument).
[[nodiscard]] std::string request_body(const Request& request, const std::string& model,
                                       const BodyStyle& style = {});

/// What a recording keeps of a request: the body with each picture as its type, size and SHA-256.
[[nodiscard]] nlohmann::ordered_json recorded_request(const Request& request,
                                                      const std::string& model);

/// Bytes of text that a request is worth where the server does not count its tokens: its texts, and
/// 4,000 for each picture.
[[nodiscard]] std::size_t countable_bytes(const Request& request);

/// Reads a chat completion.
///
/// Content may be a text, null or a list of text parts. Counts that are missing or absurd are
/// estimated from `request_bytes` and the reply's length. Unknown fields are ignored.
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

/// The style to ask with again after this error, if it complains of what the style can leave out;
/// nothing otherwise. Every step goes one way, so at most four lead to the plainest.
[[nodiscard]] std::optional<BodyStyle> plainer_style(const BodyStyle& style, int status,
                                                     const ErrorBody& error);

}  // namespace stylus::chat
