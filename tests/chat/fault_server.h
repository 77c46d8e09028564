#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;

namespace stylus {

/// What the server does with one connection, after it has read the request.
struct ServerAnswer {
  std::string bytes;  ///< Sent as they are, head and all.
  /// Sends nothing more and keeps the connection open until the server ends.
  bool hang = false;
  /// Held back so long before the answer is sent; only to make requests overlap.
  std::chrono::milliseconds delay{0};
};

/// A chat server of the tests on a free port of the loopback address, full of faults.
///
/// Thread safety: url() and the counters from any thread.
class FaultServer {
 public:
  using Answerer = std::function<ServerAnswer(const std::string& request, std::size_t number)>;

  explicit FaultServer(Answerer answerer, SSL_CTX* tls = nullptr);
  /// The n-th connection gets the n-th answer, later ones the last.
  explicit FaultServer(std::vector<ServerAnswer> answers, SSL_CTX* tls = nullptr);
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;
  ~FaultServer();

  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }
  /// Whole requests, head and body, in the order of arrival.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int most_at_once() const { return most_at_once_; }

 private:
  void serve();
  void handle(int socket);

  Answerer answerer_;
  SSL_CTX* tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> at_once_ = 0;
  std::atomic<int> most_at_once_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable end_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with this body and type, length and all.
[[nodiscard]] std::string http_answer(const std::string& body, const std::string& status = "200 OK",
                                      const std::string& headers = "",
                                      const std::string& type = "application/json");

/// A chat completion that says `text`.
[[nodiscard]] std::string completion(const std::string& text, const std::string& finish = "stop",
                                     int prompt_tokens = 10, int reply_tokens = 5);

/// A self-signed certificate for a host name, with its key, made on the spot.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& host);
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;
  ~TestCertificate();

  [[nodiscard]] SSL_CTX* server() const { return context_; }
  [[nodiscard]] const std::string& pem() const { return pem_; }

 private:
  SSL_CTX* context_;
  std::string pem_;
};

}  // namespace stylus
