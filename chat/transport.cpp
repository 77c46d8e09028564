#include "chat/transport.h"

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <utility>  // Asio 1.74 misses it

#include "chat/http_date.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using ErrorValue = boost::system::error_code;
using Clock = std::chrono::steady_clock;
using TlsStream = ssl::stream<beast::tcp_stream>;

constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;

/// Starts an asynchronous operation and runs it to its end.
template <typename Start>
ErrorValue finish(asio::io_context& io, const Start& start) {
  ErrorValue result;
  start([&result](const ErrorValue& error, const auto&...) { result = error; });
  io.restart();
  io.run();
  return result;
}

bool is_timeout(const ErrorValue& error) {
  return error == beast::error::timeout || error == asio::error::timed_out;
}

/// One request on its way.
class Exchange {
 public:
  Exchange(const Endpoint& endpoint, const TransportOptions& options)
      : endpoint_(endpoint), options_(options), start_(Clock::now()) {}

  HttpAnswer run(const http::request<http::string_body>& request, ssl::context* tls) {
    const auto addresses = resolve();
    if (tls == nullptr) {
      beast::tcp_stream stream(io_);
      connect(stream, addresses);
      return send(stream, stream, request);
    }
    TlsStream stream(io_, *tls);
    connect(stream.next_layer(), addresses);
    shake_hands(stream);
    return send(stream, stream.next_layer(), request);
  }

 private:
  [[nodiscard]] Clock::time_point connect_deadline() const {
    return start_ + std::min(options_.connect_timeout, options_.timeout);
  }

  [[noreturn]] void give_up(const char* doing, const ErrorValue& error) const {
    if (is_timeout(error)) {
      fail(ErrorCode::kUnavailable, "the model server ", endpoint_.authority(),
           " did not answer in time (", doing, ")");
    }
    fail(ErrorCode::kUnavailable, "the model server ", endpoint_.authority(), ": ", doing,
         " failed: ", error.message());
  }

  tcp::resolver::results_type resolve() {
    tcp::resolver resolver(io_);
    tcp::resolver::results_type found;
    ErrorValue result = asio::error::timed_out;
    resolver.async_resolve(endpoint_.host, endpoint_.port,
                           [&](const ErrorValue& error, tcp::resolver::results_type results) {
                             result = error;
                             found = std::move(results);
                           });
    io_.run_until(connect_deadline());
    if (!io_.stopped()) {  // the handler refers to this frame: it must have run
      resolver.cancel();
      io_.run();
      result = asio::error::timed_out;
    }
    if (result) {
      give_up("looking up its name", result);
    }
    return found;
  }

  void connect(beast::tcp_stream& stream, const tcp::resolver::results_type& addresses) {
    stream.expires_at(connect_deadline());
    const ErrorValue error =
        finish(io_, [&](auto done) { stream.async_connect(addresses, std::move(done)); });
    if (error) {
      give_up("connecting", error);
    }
  }

  void shake_hands(TlsStream& stream) {
    SSL* handle = stream.native_handle();
    ErrorValue no_address;
    asio::ip::make_address(endpoint_.host, no_address);
    if (no_address) {  // addresses have no name to be indicated (RFC 6066, section 3)
      SSL_set_tlsext_host_name(handle, endpoint_.host.c_str());
    }
    stream.set_verify_mode(ssl::verify_peer);
    stream.set_verify_callback(ssl::host_name_verification(endpoint_.host));
    const ErrorValue error =
        finish(io_, [&](auto done) { stream.async_handshake(TlsStream::client, std::move(done)); });
    if (!error) {
      return;
    }
    const long verdict = SSL_get_verify_result(handle);
    require(is_timeout(error) || verdict == X509_V_OK, ErrorCode::kInvalidArgument,
            "the certificate of ", endpoint_.authority(),
            " is not trusted: ", X509_verify_cert_error_string(verdict),
            "; a private authority is named with --ca-file");
    if (!is_timeout(error) && error.category() == asio::error::get_ssl_category()) {
      // A wrong host name or a server without TLS: another try will not help.
      fail(ErrorCode::kInvalidArgument, "no secure connection to ", endpoint_.authority(), ": ",
           error.message(), "; does the server speak TLS, and for this host name?");
    }
    give_up("the TLS handshake", error);
  }

  template <typename Stream>
  HttpAnswer send(Stream& stream, beast::tcp_stream& lowest,
                  const http::request<http::string_body>& request) {
    lowest.expires_at(start_ + options_.timeout);
    const ErrorValue write_error =
        finish(io_, [&](auto done) { http::async_write(stream, request, std::move(done)); });
    if (is_timeout(write_error)) {
      give_up("sending the request", write_error);
    }
    // A server may refuse a large request before it has read it: its answer is still there.
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(options_.max_body_bytes);
    ErrorValue error = finish(
        io_, [&](auto done) { http::async_read_header(stream, buffer, parser, std::move(done)); });
    if (!error && parser.content_length().value_or(0) > options_.max_body_bytes) {
      error = http::error::body_limit;  // Beast 1.74 would reserve what the server announces
    }
    if (!error) {
      error = finish(io_,
                     [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
    }
    if (error && !parser.is_done()) {
      refuse(write_error ? write_error : error, error);
    }
    return answer_of(parser.get());
  }

  [[noreturn]] void refuse(const ErrorValue& cause, const ErrorValue& read_error) const {
    if (read_error == http::error::body_limit || read_error == http::error::header_limit ||
        read_error == http::error::buffer_overflow) {
      fail(ErrorCode::kCorruptData, "the answer of ", endpoint_.authority(), " is larger than ",
           options_.max_body_bytes, " bytes; nothing of it was used");
    }
    const bool cut =
        read_error == http::error::partial_message || read_error == http::error::end_of_stream;
    if (cut || is_timeout(read_error) ||
        read_error.category() == asio::error::get_system_category() ||
        read_error.category() == asio::error::get_misc_category() ||
        read_error.category() == ssl::error::get_stream_category()) {
      if (cut) {
        fail(ErrorCode::kUnavailable, "the answer of ", endpoint_.authority(),
             " was cut off: the connection closed before its end");
      }
      give_up("waiting for the answer", cause);
    }
    fail(ErrorCode::kCorruptData, endpoint_.authority(),
         " did not answer in HTTP: ", read_error.message());
  }

  static HttpAnswer answer_of(const http::response<http::string_body>& response) {
    HttpAnswer answer;
    answer.status = static_cast<int>(response.result_int());
    answer.body = response.body();
    const auto header = [&](http::field field) {
      const auto value = response[field];
      return std::string(value.data(), value.size());
    };
    const std::string type = to_lower(header(http::field::content_type));
    answer.content_type = std::string(trim(type.substr(0, type.find(';'))));
    answer.location = header(http::field::location);
    answer.retry_after =
        read_retry_after(header(http::field::retry_after), header(http::field::date));
    return answer;
  }

  const Endpoint& endpoint_;
  const TransportOptions& options_;
  Clock::time_point start_;
  asio::io_context io_;
};

}  // namespace

struct Transport::Impl {
  Endpoint endpoint;
  TransportOptions options;
  std::optional<ssl::context> tls;
};

Transport::Transport(Endpoint endpoint, TransportOptions options)
    : impl_(std::make_unique<Impl>()) {
  impl_->endpoint = std::move(endpoint);
  impl_->options = std::move(options);
  if (!impl_->endpoint.tls) {
    return;
  }
  ssl::context& tls = impl_->tls.emplace(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  ErrorValue error;
  tls.set_default_verify_paths(error);  // without system authorities a --ca-file may still do
  if (const std::filesystem::path& file = impl_->options.ca_file; !file.empty()) {
    require(std::filesystem::exists(file), ErrorCode::kNotFound, "there is no file '",
            file.string(), "' of certificate authorities");
    tls.load_verify_file(file.string(), error);
    require(!error, ErrorCode::kCorruptData, "'", file.string(),
            "' holds no certificates in PEM: ", error.message());
  }
}

Transport::~Transport() = default;

HttpAnswer Transport::post(const std::string& body, const std::string& key) const {
  http::request<http::string_body> request(http::verb::post, impl_->endpoint.target, 11);
  request.set(http::field::host, impl_->endpoint.authority());
  request.set(http::field::user_agent, "stylus");
  request.set(http::field::content_type, "application/json");
  request.set(http::field::accept, "application/json");
  request.set(http::field::accept_encoding, "identity");
  request.set(http::field::connection, "close");
  if (!key.empty()) {
    request.set(http::field::authorization, "Bearer " + key);
  }
  request.body() = body;
  request.prepare_payload();
  try {
    return Exchange(impl_->endpoint, impl_->options)
        .run(request, impl_->tls ? &*impl_->tls : nullptr);
  } catch (const boost::system::system_error& error) {
    fail(ErrorCode::kUnavailable, "the model server ", impl_->endpoint.authority(), ": ",
         error.code().message());
  }
}

}  // namespace stylus::chat
