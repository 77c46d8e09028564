#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/options.h"
#include "chat/client.h"

namespace CLI {
class App;
}

namespace stylus::app {

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
