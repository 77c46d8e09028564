#pragma once

#include <mutex>
#include <random>
#include <string>

#include "chat/client.h"
#include "chat/gate.h"
#include "chat/transport.h"
#include "chat/wire.h"

namespace stylus::chat {

/// A model behind an OpenAI-compatible server.
///
/// Tried again, after a wait that doubles with every try and is drawn from its upper half: no
/// connection, timeouts, cut answers, 408, 429 (unless the account is out of money), 500, 502, 503,
/// 504, 529; after a timeout only once. A Retry-After is kept to; one beyond longest_wait ends the
/// tries.
class HttpClient : public Client {
 public:
  explicit HttpClient(Settings settings);

  [[nodiscard]] Reply ask(const Request& request) override;
  [[nodiscard]] const std::string& model() const override { return settings_.model; }
  [[nodiscard]] Spent spent() const override { return gate_.spent(); }

 private:
  struct Attempt;
  [[nodiscard]] Attempt attempt(const Request& request, BodyStyle& style);
  [[nodiscard]] HttpAnswer post(const std::string& body, Attempt& attempt);
  [[nodiscard]] Reply read_success(const HttpAnswer& answer, const Request& request) const;
  [[nodiscard]] std::string without_key(std::string text) const;
  [[nodiscard]] std::string complaint(const HttpAnswer& answer, const ErrorBody& error) const;
  [[nodiscard]] std::chrono::milliseconds wait_before(int retry);

  Settings settings_;
  Endpoint endpoint_;
  Transport transport_;
  Gate gate_;
  std::mutex mutex_;
  std::mt19937_64 random_;  ///< Under mutex_.
  BodyStyle style_;         ///< What the server understood last; under mutex_.
};

}  // namespace stylus::chat
