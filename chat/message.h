#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stylus::chat {

enum class Role { kSystem, kUser, kAssistant };

/// A picture inside a message; sent as a data URL, so no server fetches anything.
struct MessagePicture {
  std::string media_type;  ///< "image/png" or "image/jpeg"
  std::string bytes;       ///< The file's bytes.
};

/// One turn of a conversation.
struct Message {
  Role role = Role::kUser;
  std::string text;                      ///< UTF-8.
  std::vector<MessagePicture> pictures;  ///< After the text; kUser only.
};

/// What is asked of a model. The model's name belongs to the client.
struct Request {
  std::vector<Message> messages;
  /// Name ([A-Za-z0-9_-]{1,64}) and JSON schema of the reply; "" = free text. A server that does
  /// not know response_format is asked again without it, so replies must be read tolerantly anyway.
  std::string schema_name, schema_json;
  int max_reply_tokens = 1024;
  double temperature = 0;
};

/// Why a reply ended.
enum class Finish {
  kStop,    ///< The model was done.
  kLength,  ///< Cut at max_reply_tokens or at the end of the model's context.
  kFilter,  ///< The provider's filter held it back.
  kOther,   ///< The server did not say, or said something else.
};

/// Tokens, as the server counts them; estimated (one per four bytes) where it does not.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t reply_tokens = 0;

  [[nodiscard]] std::int64_t total() const { return prompt_tokens + reply_tokens; }
  [[nodiscard]] bool operator==(const Usage&) const = default;
};

/// What a model answered.
struct Reply {
  std::string text;     ///< UTF-8, repaired where the server sent something else.
  std::string refusal;  ///< What the server marks as a refusal; mostly "".
  Finish finish = Finish::kOther;
  Usage usage;
  std::string model;  ///< As the server names it; the asked name where it does not.

  [[nodiscard]] bool operator==(const Reply&) const = default;
};

}  // namespace stylus::chat
