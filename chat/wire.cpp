#include "chat/wire.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/base64.h"
#include "support/error.h"
#include "support/hash.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 32;
constexpr std::size_t kLongestErrorText = 300;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 32U;

const char* role_name(Role role) {
  switch (role) {
    case Role::kSystem:
      return "system";
    case Role::kAssistant:
      return "assistant";
    case Role::kUser:
      break;
  }
  return "user";
}

template <typename PictureUrl>
Json message_json(const Message& message, const PictureUrl& picture_json) {
  require(is_valid_utf8(message.text), ErrorCode::kInvalidArgument,
          "a message to the model is not valid UTF-8");
  Json json;
  json["role"] = role_name(message.role);
  if (message.pictures.empty()) {
    json["content"] = message.text;
    return json;
  }
  Json parts = Json::array();
  parts.push_back({{"type", "text"}, {"text", message.text}});
  for (const MessagePicture& picture : message.pictures) {
    parts.push_back({{"type", "image_url"}, {"image_url", picture_json(picture)}});
  }
  json["content"] = std::move(parts);
  return json;
}

Json format_json(const Request& request, BodyStyle::Structure structure) {
  Json schema = Json::parse(request.schema_json, nullptr, false);
  require(!schema.is_discarded(), ErrorCode::kInvalidArgument, "the schema '", request.schema_name,
          "' is no JSON");
  if (structure == BodyStyle::Structure::kObject) {
    return {{"type", "json_object"}, {"schema", std::move(schema)}};
  }
  return {{"type", "json_schema"},
          {"json_schema",
           {{"name", request.schema_name}, {"strict", true}, {"schema", std::move(schema)}}}};
}

template <typename PictureUrl>
Json body_json(const Request& request, const std::string& model, const BodyStyle& style,
               const PictureUrl& picture_json) {
  Json body;
  body["model"] = model;
  Json& messages = body["messages"] = Json::array();
  for (const Message& message : request.messages) {
    messages.push_back(message_json(message, picture_json));
  }
  if (style.temperature) {
    body["temperature"] = request.temperature;
  }
  body[style.completion_tokens ? "max_completion_tokens" : "max_tokens"] = request.max_reply_tokens;
  if (!request.schema_name.empty() && style.structure != BodyStyle::Structure::kFree) {
    body["response_format"] = format_json(request, style.structure);
  }
  body["stream"] = false;
  return body;
}

/// A text, null, or a list of parts of which those with a text count.
std::string content_text(const nlohmann::json& message) {
  const auto found = message.find("content");
  if (found == message.end()) {
    return {};
  }
  if (found->is_string()) {
    return found->get<std::string>();
  }
  std::string text;
  if (found->is_array()) {
    for (const nlohmann::json& part : *found) {
      text += part.is_string() ? part.get<std::string>() : json_string(part, "text");
    }
  }
  return text;
}

Finish finish_of(const std::string& reason) {
  if (reason == "stop" || reason == "eos" || reason == "end_turn") {
    return Finish::kStop;
  }
  if (reason == "length" || reason == "max_tokens") {
    return Finish::kLength;
  }
  return reason == "content_filter" ? Finish::kFilter : Finish::kOther;
}

std::int64_t token_count(const nlohmann::json& answer, const char* key, std::size_t bytes) {
  const auto usage = answer.find("usage");
  if (usage != answer.end() && usage->is_object()) {
    const auto count = usage->find(key);
    // A count is never below zero, and an absurd one must not eat the budget or overflow it.
    if (count != usage->end() && count->is_number_integer() && *count >= 0 &&
        *count <= kMostTokens) {
      return count->get<std::int64_t>();
    }
  }
  return static_cast<std::int64_t>(bytes / 4);
}

bool speaks_of(const ErrorBody& error, std::initializer_list<std::string_view> words) {
  const std::string text = to_lower(error.message + " " + error.code);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

std::string one_line(const std::string& text) {
  return std::string(truncate_utf8(collapse_blanks(repair_utf8(text)), kLongestErrorText));
}

}  // namespace

std::string request_body(const Request& request, const std::string& model, const BodyStyle& style) {
  const auto url = [](const MessagePicture& picture) {
    std::string text = "data:";
    text += picture.media_type;
    text += ";base64,";
    text += base64(picture.bytes);
    return Json{{"url", std::move(text)}};
  };
  return body_json(request, model, style, url).dump();
}

Json recorded_request(const Request& request, const std::string& model) {
  const auto description = [](const MessagePicture& picture) {
    return Json{{"media_type", picture.media_type},
                {"bytes", picture.bytes.size()},
                {"sha256", sha256_hex(picture.bytes)}};
  };
  return body_json(request, model, {}, description);
}

std::size_t countable_bytes(const Request& request) {
  constexpr std::size_t kPictureBytes = 4000;  // a thousand tokens, between what providers count
  std::size_t bytes = request.schema_json.size();
  for (const Message& message : request.messages) {
    bytes += message.text.size() + kPictureBytes * message.pictures.size();
  }
  return bytes;
}

Reply read_completion(std::string_view body, const std::string& asked_model,
                      std::size_t request_bytes, std::size_t max_bytes) {
  JsonLimits limits;
  limits.max_bytes = max_bytes;
  limits.max_depth = kMaxDepth;
  const nlohmann::json answer = parse_json(body, "the model server's answer", limits);
  const auto choices = answer.is_object() ? answer.find("choices") : answer.end();
  const bool has_choice = answer.is_object() && choices != answer.end() && choices->is_array() &&
                          !choices->empty() && choices->front().is_object();
  require(
      has_choice && choices->front().contains("message") && choices->front()["message"].is_object(),
      ErrorCode::kCorruptData,
      "the model server's answer is JSON, but no chat completion: it has no "
      "choices[0].message; is the URL right?");
  const nlohmann::json& message = choices->front()["message"];
  Reply reply;
  reply.text = repair_utf8(content_text(message));
  reply.refusal = repair_utf8(json_string(message, "refusal"));
  reply.finish = finish_of(json_string(choices->front(), "finish_reason"));
  reply.usage.prompt_tokens = token_count(answer, "prompt_tokens", request_bytes);
  reply.usage.reply_tokens = token_count(answer, "completion_tokens", reply.text.size());
  reply.model = repair_utf8(json_string(answer, "model"));
  if (reply.model.empty()) {
    reply.model = asked_model;
  }
  return reply;
}

ErrorBody read_error(std::string_view body) {
  JsonLimits limits;
  limits.max_bytes = std::size_t{1} << 16U;
  limits.max_depth = kMaxDepth;
  nlohmann::json answer;
  try {
    answer = parse_json(body, "error", limits);
  } catch (const Error&) {
    return {};
  }
  ErrorBody error;
  if (!answer.is_object()) {
    return error;
  }
  for (const char* key : {"error", "detail", "message"}) {
    const auto found = answer.find(key);
    if (found == answer.end() || found->is_null()) {
      continue;
    }
    if (found->is_object()) {
      error.message = one_line(json_string(*found, "message"));
      error.code = one_line(json_string(*found, "code"));
    } else {
      error.message = one_line(found->is_string() ? found->get<std::string>() : found->dump());
    }
    break;
  }
  return error;
}

std::optional<BodyStyle> plainer_style(const BodyStyle& style, int status, const ErrorBody& error) {
  // 500: llama-cpp-python answers so to fields that it does not know.
  if (status != 400 && status != 422 && status != 500 && status != 501) {
    return std::nullopt;
  }
  BodyStyle plainer = style;
  if (!style.completion_tokens && speaks_of(error, {"max_completion_tokens"})) {
    plainer.completion_tokens = true;
  } else if (style.temperature && speaks_of(error, {"temperature"})) {
    plainer.temperature = false;
  } else if (style.structure != BodyStyle::Structure::kFree &&
             ((error.message.empty() && status != 500) ||
              speaks_of(error, {"response_format", "json_schema", "json_object", "schema",
                                "grammar", "structured"}))) {
    plainer.structure = style.structure == BodyStyle::Structure::kSchema
                            ? BodyStyle::Structure::kObject
                            : BodyStyle::Structure::kFree;
  } else {
    return std::nullopt;
  }
  return plainer;
}

}  // namespace stylus::chat
