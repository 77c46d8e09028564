#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chat/client.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is CLI11's
class App;
}

namespace stylus::app {

/// How to reach a language or vision-language model.
struct ChatOptions {
  std::string url, model;
  std::string key_file, ca_file;
  std::string record_file, replay_file;
  std::int64_t max_requests = 0, max_tokens = 0;  ///< 0 = no bound.
  int concurrency = 4;
  int requests_per_minute = 0;  ///< 0 = no bound.
  double timeout_seconds = 180;

  [[nodiscard]] bool given() const { return !url.empty() || !replay_file.empty(); }
};

/// Adds the flags of a model server to a verb: `url_flag` ("--llm", "--vlm"), `model_flag`
/// ("--llm-model", "--model"), key file, recording, replay, budget, pace.
void add_chat_options(CLI::App& verb, ChatOptions& options, const char* url_flag,
                      const char* model_flag);

/// The client that the options ask for; nothing is sent yet.
///
/// The key comes from --key-file, else from STYLUS_API_KEY, else, for https://api.openai.com only,
/// from OPENAI_API_KEY. Waits before retries are told with --verbose.
/// Requires: a URL and a model, or a file to replay, else Error(kInvalidArgument).
[[nodiscard]] std::unique_ptr<chat::Client> open_chat(const ChatOptions& options);

}  // namespace stylus::app
