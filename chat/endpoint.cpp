#include "chat/endpoint.h"

#include <algorithm>
#include <charconv>

#include "support/error.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

constexpr std::string_view kCompletions = "/chat/completions";

std::string target_of(std::string_view rest) {
  const std::size_t question = rest.find('?');
  std::string_view path = rest.substr(0, question);
  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : rest.substr(question);
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  std::string target(path);
  if (target.empty()) {
    target = "/v1";
  }
  if (!path.ends_with(kCompletions)) {
    target += kCompletions;
  }
  target += query;
  return target;
}

bool is_port(std::string_view port) {
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number > 0 && number < 65536;
}

}  // namespace

bool Endpoint::is_loopback() const {
  return equals_ignoring_case(host, "localhost") || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

std::string Endpoint::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? "443" : "80")) {
    text += ":" + port;
  }
  return text;
}

Endpoint parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  const bool printable =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127; });
  require(printable, ErrorCode::kInvalidArgument,
          "the URL of the model server holds blanks or characters beyond ASCII");
  const std::size_t colon = url.find("://");
  const std::string scheme = to_lower(url.substr(0, colon == std::string_view::npos ? 0 : colon));
  require(scheme == "http" || scheme == "https", ErrorCode::kInvalidArgument,
          "the URL of the model server must begin with http:// or https://, for example "
          "http://127.0.0.1:8080/v1");
  endpoint.tls = scheme == "https";
  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  require(authority.find('@') == std::string_view::npos, ErrorCode::kInvalidArgument,
          "the URL of the model server holds a user or password; give the key by STYLUS_API_KEY or "
          "a key file instead");
  endpoint.target = target_of(rest.substr(slash));
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    require(close != std::string_view::npos, ErrorCode::kInvalidArgument,
            "the address in the model server's URL has a [ without a ]");
    endpoint.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    const std::size_t at = std::min(authority.find(':'), authority.size());
    endpoint.host = authority.substr(0, at);
    port = authority.substr(at);
  }
  require(!endpoint.host.empty(), ErrorCode::kInvalidArgument,
          "the URL of the model server names no host");
  require(port.empty() || (port.front() == ':' && is_port(port.substr(1))),
          ErrorCode::kInvalidArgument, "the port in the model server's URL is '", port,
          "', expected 1 to 65535");
  endpoint.port = port.empty() ? (endpoint.tls ? "443" : "80") : std::string(port.substr(1));
  return endpoint;
}

}  // namespace stylus::chat
