#include "chat/client.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "chat/http_client.h"
#include "chat/recording.h"
#include "support/error.h"
#include "support/file.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

/// A key goes into a header line: nothing in it may end the line.
void check_key(std::string_view key, const std::string& where) {
  require(std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; }),
          ErrorCode::kInvalidArgument, "the key ", where,
          " holds blanks, line breaks or characters beyond ASCII; expected one word");
}

void check(const Settings& settings) {
  require(settings.concurrency >= 1 && settings.concurrency <= 256, ErrorCode::kInvalidArgument,
          "concurrency is ", settings.concurrency, ", expected 1 to 256");
  require(settings.retries >= 0 && settings.requests_per_minute >= 0 &&
              settings.requests_per_minute <= 60'000 && settings.max_requests >= 0 &&
              settings.max_tokens >= 0,
          ErrorCode::kInvalidArgument,
          "retries, requests a minute and budgets must not be negative");
  require(settings.timeout.count() > 0 && settings.connect_timeout.count() > 0 &&
              settings.first_wait.count() > 0 && settings.longest_wait >= settings.first_wait,
          ErrorCode::kInvalidArgument, "timeouts and waits must be positive");
  require(settings.record_file.empty() || settings.replay_file.empty(), ErrorCode::kInvalidArgument,
          "either record or replay, not both");
  check_key(settings.key, "of the model server");
}

}  // namespace

std::unique_ptr<Client> open_client(const Settings& settings) {
  check(settings);
  if (!settings.replay_file.empty()) {
    return std::make_unique<ReplayClient>(settings.replay_file, settings.model);
  }
  require(!settings.url.empty(), ErrorCode::kInvalidArgument,
          "no model server is named: give its URL, for example http://127.0.0.1:8080/v1");
  require(!settings.model.empty() && is_valid_utf8(settings.model), ErrorCode::kInvalidArgument,
          "no model is named: say which one of the server's models to use");
  Settings complete = settings;
  if (!complete.sleep) {
    complete.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  }
  std::unique_ptr<Client> client = std::make_unique<HttpClient>(std::move(complete));
  if (!settings.record_file.empty()) {
    client = std::make_unique<RecordingClient>(std::move(client), settings.record_file);
  }
  return client;
}

std::string read_key_file(const std::filesystem::path& path) {
  struct stat info = {};
  require(::stat(path.c_str(), &info) == 0, ErrorCode::kNotFound, "there is no key file '",
          path.string(), "'");
  require((info.st_mode & 077U) == 0, ErrorCode::kInvalidArgument, "others may read the key file '",
          path.string(), "'; run: chmod 600 '", path.string(), "'");
  const std::string text = read_file(path, kMaxKeyBytes);
  std::string key(trim(text));
  require(!key.empty(), ErrorCode::kInvalidArgument, "the key file '", path.string(), "' is empty");
  check_key(key, "in '" + path.string() + "'");
  return key;
}

}  // namespace stylus::chat
