#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "chat/client.h"
#include "support/error.h"

namespace stylus::chat {

/// What names a request in recordings: SHA-256 of recorded_request() on one line.
[[nodiscard]] std::string request_hash(const Request& request, const std::string& model);

/// Passes requests on and appends what was said to a file, one line a request, failures included. A
/// spent budget is not recorded. Keys and headers never get there.
///
/// Format: docs/formats.md#conversations
/// Thread safety: ask() from several threads; one process a file.
class RecordingClient : public Client {
 public:
  /// Goes on behind what the file holds; a last line that a kill tore is taken away.
  /// Requires: a file that can be written, else Error(kIo).
  RecordingClient(std::unique_ptr<Client> inner, std::filesystem::path file);
  ~RecordingClient() override;

  [[nodiscard]] Reply ask(const Request& request) override;
  [[nodiscard]] const std::string& model() const override { return inner_->model(); }
  [[nodiscard]] Spent spent() const override { return inner_->spent(); }

 private:
  void append(const std::string& line);

  std::unique_ptr<Client> inner_;
  std::filesystem::path file_;
  std::mutex mutex_;
  int descriptor_ = -1;
};

/// Answers out of a recording: the n-th time that a request is asked, its n-th recorded answer or
/// failure. Never touches the network and costs nothing.
class ReplayClient : public Client {
 public:
  /// `model`: "" takes that of the first recorded request.
  /// Requires: a recording of at most 1 GiB, else Error(kNotFound or kCorruptData).
  ReplayClient(const std::filesystem::path& file, std::string model);

  [[nodiscard]] Reply ask(const Request& request) override;
  [[nodiscard]] const std::string& model() const override { return model_; }
  [[nodiscard]] Spent spent() const override { return {}; }

 private:
  struct Entry {
    std::optional<Reply> reply;
    ErrorCode code = ErrorCode::kUnavailable;
    std::string message;
  };
  void read_line(std::string_view line, const std::string& what);

  std::filesystem::path file_;
  std::string model_;
  std::mutex mutex_;
  std::map<std::string, std::deque<Entry>> entries_;  ///< By request_hash(); under mutex_.
};

}  // namespace stylus::chat
