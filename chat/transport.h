#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "chat/endpoint.h"

namespace stylus::chat {

/// An HTTP answer, whatever its status.
struct HttpAnswer {
  int status = 0;
  std::string content_type;  ///< Lower case, without parameters.
  std::string body;
  std::string location;                                  ///< Of a redirect.
  std::optional<std::chrono::milliseconds> retry_after;  ///< Seconds or a date (RFC 9110 10.2.3).
};

struct TransportOptions {
  std::chrono::milliseconds connect_timeout{10'000};  ///< Name, connection and TLS.
  std::chrono::milliseconds timeout{180'000};         ///< All of it, connecting included.
  std::size_t max_body_bytes = std::size_t{4} << 20U;
  std::filesystem::path ca_file;  ///< Trusted besides the system's authorities.
};

/// POSTs JSON over HTTP/1.1, with TLS 1.2 or newer where the endpoint asks for it; one connection a
/// request. The only file with Boost.Asio and Beast is transport.cpp.
///
/// Certificates are checked: chain, dates and host name.
/// Thread safety: post() from several threads.
class Transport {
 public:
  /// Requires: a readable ca_file, else Error(kNotFound or kCorruptData).
  Transport(Endpoint endpoint, TransportOptions options);
  ~Transport();

  /// Errors: kUnavailable      no connection, too slow, or cut off; worth another try
  ///         kInvalidArgument  the certificate is not trusted
  ///         kCorruptData      no HTTP, or a body over max_body_bytes
  [[nodiscard]] HttpAnswer post(const std::string& body, const std::string& key) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::chat
