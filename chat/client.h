#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "chat/message.h"

namespace stylus::chat {

/// What a client has cost so far.
struct Spent {
  std::int64_t requests = 0;  ///< HTTP requests, failed and repeated ones too.
  std::int64_t tokens = 0;    ///< Of all replies.
};

/// One language or vision-language model, wherever it runs.
///
/// Thread safety: ask() from several threads.
class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  /// Asks and waits for the whole reply.
  ///
  /// Errors: kUnavailable      the server cannot be reached, is too slow or too busy, after all
  ///                           retries
  ///         kInvalidArgument  the server refuses the request or the key (4xx)
  ///         kCorruptData      the answer is no chat completion, or too large
  ///         kCancelled        the budget is spent; nothing was sent
  ///         kNotFound         replay: this request was not recorded
  [[nodiscard]] virtual Reply ask(const Request& request) = 0;

  /// The model's name as it is asked for.
  [[nodiscard]] virtual const std::string& model() const = 0;

  [[nodiscard]] virtual Spent spent() const = 0;
};

/// How to reach a model, and how much of it may be used.
struct Settings {
  /// "https://host", "http://127.0.0.1:8080", ".../v1" or the whole ".../v1/chat/completions".
  std::string url;
  std::string model;
  std::string key;                ///< Sent as a bearer token; never written anywhere. "" = none.
  std::filesystem::path ca_file;  ///< PEM of further certificate authorities; "" = the system's.

  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{180'000};   ///< Of one whole HTTP request.
  int retries = 4;                              ///< After the first try.
  std::chrono::milliseconds first_wait{1'000};  ///< Before the first retry; doubles each time.
  std::chrono::milliseconds longest_wait{60'000};
  std::uint64_t seed = 1;  ///< Of the waits' jitter.

  int concurrency = 4;            ///< Requests under way at once.
  int requests_per_minute = 0;    ///< 0 = as fast as replies come.
  std::int64_t max_requests = 0;  ///< 0 = no bound.
  std::int64_t max_tokens = 0;    ///< 0 = no bound; no request starts once so many are used.
  std::size_t max_reply_bytes = std::size_t{4} << 20U;

  std::filesystem::path record_file;  ///< Append what is said to this file.
  std::filesystem::path replay_file;  ///< Answer out of this file; the network is not touched.

  /// Waits; tests put their own in. Empty: the thread sleeps.
  std::function<void(std::chrono::milliseconds)> sleep;
};

/// The client that the settings ask for.
///
/// A key is sent over https, or to this machine itself; over plain http to another one it is
/// refused. Redirects are not followed.
/// Requires: a url (or a replay_file) and a model (a replay_file names one, too), values in range
///           and readable files, else Error(kInvalidArgument, kNotFound or kCorruptData).
/// Format of recordings: docs/formats.md#conversations
[[nodiscard]] std::unique_ptr<Client> open_client(const Settings& settings);

/// The key in a file: its text without white space around it.
///
/// Requires: a file that only its owner may read (mode 600 or 400) of at most 4 KiB, with one line
///           of printable ASCII, else Error(kInvalidArgument, kNotFound or kIo). Messages never
///           hold the file's content.
[[nodiscard]] std::string read_key_file(const std::filesystem::path& path);

}  // namespace stylus::chat
