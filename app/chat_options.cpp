#include "app/chat_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "app/log.h"

namespace stylus::app {
namespace {

constexpr double kLongestTimeoutSeconds = 24.0 * 60 * 60;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string find_key(const ChatOptions& options) {
  if (!options.key_file.empty()) {
    return chat::read_key_file(options.key_file);
  }
  if (std::string key = environment("STYLUS_API_KEY"); !key.empty()) {
    return key;
  }
  // A key that other programs left in the environment goes to nobody but the one who issued it.
  constexpr std::string_view kIssuer = "https://api.openai.com";
  const std::string& url = options.url;
  const bool issued_there = url == kIssuer || url.starts_with(std::string(kIssuer) + "/");
  return issued_there ? environment("OPENAI_API_KEY") : std::string();
}

}  // namespace

void add_chat_options(CLI::App& verb, ChatOptions& options, const char* url_flag,
                      const char* model_flag) {
  const std::string group = "Model server";
  verb.add_option(url_flag, options.url,
                  "An OpenAI-compatible server, for example http://127.0.0.1:8080/v1")
      ->type_name("URL")
      ->group(group);
  verb.add_option(model_flag, options.model, "Which of the server's models to ask")
      ->type_name("NAME")
      ->group(group);
  verb.add_option("--key-file", options.key_file,
                  "File (mode 600) with the key; else $STYLUS_API_KEY is used")
      ->group(group);
  verb.add_option("--record", options.record_file, "Append what is said to this file")
      ->group(group);
  verb.add_option("--replay", options.replay_file, "Answer out of such a file, without a server")
      ->group(group);
  verb.add_option("--max-requests", options.max_requests, "Stop after so many requests")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  verb.add_option("--max-tokens", options.max_tokens, "Stop once so many tokens are used")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  verb.add_option("--concurrency", options.concurrency, "Requests at once (default 4)")
      ->check(CLI::Range(1, 256))
      ->group(group);
  verb.add_option("--requests-per-minute", options.requests_per_minute, "Ask no faster than this")
      ->check(CLI::Range(0, 60'000))
      ->group(group);
  verb.add_option("--timeout", options.timeout_seconds, "Seconds for one answer (default 180)")
      ->check(CLI::Range(0.001, kLongestTimeoutSeconds))
      ->group(group);
  verb.add_option("--ca-file", options.ca_file, "PEM file of a private certificate authority")
      ->group(group);
}

std::unique_ptr<chat::Client> open_chat(const ChatOptions& options) {
  chat::Settings settings;
  settings.url = options.url;
  settings.model = options.model;
  settings.record_file = options.record_file;
  settings.replay_file = options.replay_file;
  settings.max_requests = options.max_requests;
  settings.max_tokens = options.max_tokens;
  settings.concurrency = options.concurrency;
  settings.requests_per_minute = options.requests_per_minute;
  settings.timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout_seconds * 1000));
  settings.ca_file = options.ca_file;
  if (options.replay_file.empty()) {
    settings.key = find_key(options);
  }
  settings.sleep = [](std::chrono::milliseconds time) {
    log_debug("waiting " + std::to_string(time.count()) + " ms for the model server");
    std::this_thread::sleep_for(time);
  };
  return chat::open_client(settings);
}

}  // namespace stylus::app
