// Any bytes as a chat server's answer: refused with an Error, or read as valid UTF-8 with sane
// counts. What is read is then looked through as a model's reply.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "chat/data_text.h"
#include "chat/endpoint.h"
#include "chat/http_date.h"
#include "chat/json_reply.h"
#include "chat/wire.h"
#include "support/error.h"
#include "support/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const chat::Reply reply = chat::read_completion(text, "m", 100, 1U << 20U);
    if (!is_valid_utf8(reply.text + reply.refusal + reply.model) || reply.usage.total() < 0) {
      std::abort();
    }
    static_cast<void>(chat::find_json_object(reply.text, "description"));
  } catch (const Error&) {
  }
  static_cast<void>(chat::read_error(text));
  static_cast<void>(chat::find_json_object(text, "topics"));
  static_cast<void>(chat::has_unfinished_object(text));
  static_cast<void>(chat::repeats_itself(text));
  static_cast<void>(chat::sounds_like_refusal(text));
  static_cast<void>(chat::read_retry_after(text, text));
  const std::string clean = chat::data_text(text, 1000);
  if (!is_valid_utf8(clean) || clean.size() > 1000 || clean.find("<|") != std::string::npos) {
    std::abort();
  }
  try {
    static_cast<void>(chat::parse_endpoint(text));
  } catch (const Error&) {
  }
  return 0;
}
