#pragma once

#include <string>
#include <string_view>

namespace stylus::chat {

/// Where chat completions are posted to.
struct Endpoint {
  bool tls = false;
  std::string host;    ///< A name or an address; IPv6 without brackets.
  std::string port;    ///< "443"
  std::string target;  ///< "/v1/chat/completions", with the query of the URL if it has one.

  /// True for this machine itself: localhost, 127.0.0.0/8, ::1.
  [[nodiscard]] bool is_loopback() const;
  /// "host", "host:8080", "[::1]:8080": as the header Host and messages show it.
  [[nodiscard]] std::string authority() const;
};

/// "http://127.0.0.1:8080" -> /v1/chat/completions; "https://host/api/v1" ->
/// /api/v1/chat/completions; a path that ends in /chat/completions stays.
///
/// Requires: http or https, a host, a port in [1, 65535], no user or password in it and printable
///           ASCII, else Error(kInvalidArgument).
[[nodiscard]] Endpoint parse_endpoint(std::string_view url);

}  // namespace stylus::chat
