#include "tests/chat/fault_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

namespace stylus {
namespace {

/// A connection, encrypted or not.
class Wire {
 public:
  Wire(int socket, SSL_CTX* tls) : socket_(socket) {
    if (tls != nullptr) {
      ssl_ = SSL_new(tls);
      SSL_set_fd(ssl_, socket);
      good_ = SSL_accept(ssl_) == 1;
    }
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    if (ssl_ != nullptr) {
      if (good_) {
        SSL_shutdown(ssl_);
      }
      SSL_free(ssl_);
    }
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::string read_some() {
    char buffer[16384];
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                     : static_cast<int>(::recv(socket_, buffer, sizeof buffer, 0));
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }
  void send(const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto left = static_cast<int>(std::min<std::size_t>(bytes.size() - done, 1U << 20U));
      const auto sent =
          ssl_ != nullptr ? SSL_write(ssl_, bytes.data() + done, left)
                          : static_cast<int>(::send(socket_, bytes.data() + done,
                                                    static_cast<std::size_t>(left), MSG_NOSIGNAL));
      if (sent <= 0) {
        return;  // the client has had enough
      }
      done += static_cast<std::size_t>(sent);
    }
  }

 private:
  int socket_;
  SSL* ssl_ = nullptr;
  bool good_ = true;
};

std::string read_request(Wire& wire) {
  std::string request;
  while (true) {
    const std::size_t head = request.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t at = request.find("Content-Length: ");
      const std::size_t length =
          at < head ? std::strtoul(request.c_str() + at + 16, nullptr, 10) : 0;
      if (request.size() >= head + 4 + length) {
        return request;
      }
    }
    const std::string more = wire.read_some();
    if (more.empty()) {
      return request;
    }
    request += more;
  }
}

}  // namespace

FaultServer::FaultServer(Answerer answerer, SSL_CTX* tls)
    : answerer_(std::move(answerer)), tls_(tls) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { serve(); });
}

FaultServer::FaultServer(std::vector<ServerAnswer> answers, SSL_CTX* tls)
    : FaultServer(
          [answers = std::move(answers)](const std::string&, std::size_t number) {
            return answers[std::min(number, answers.size() - 1)];
          },
          tls) {}

FaultServer::~FaultServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  end_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

std::string FaultServer::url() const {
  return std::string(tls_ != nullptr ? "https" : "http") + "://127.0.0.1:" + std::to_string(port_);
}

std::vector<std::string> FaultServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FaultServer::serve() {
  while (!ending_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
      threads_.emplace_back([this, socket] { handle(socket); });
    }
  }
}

void FaultServer::handle(int socket) {
  {
    Wire wire(socket, tls_);
    const std::string request = wire.good() ? read_request(wire) : std::string();
    if (!request.empty()) {
      const int now = ++at_once_;
      int most = most_at_once_;
      while (now > most && !most_at_once_.compare_exchange_weak(most, now)) {
      }
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        number = requests_.size();
        requests_.push_back(request);
      }
      const ServerAnswer answer = answerer_(request, number);
      std::this_thread::sleep_for(answer.delay);
      --at_once_;
      wire.send(answer.bytes);
      if (answer.hang) {
        std::unique_lock lock(mutex_);
        end_.wait(lock, [this] { return ending_.load(); });
      }
    }
  }
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
}

std::string http_answer(const std::string& body, const std::string& status,
                        const std::string& headers, const std::string& type) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

std::string completion(const std::string& text, const std::string& finish, int prompt_tokens,
                       int reply_tokens) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
    }
    escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return R"({"id":"x","object":"chat.completion","model":"served-model","choices":[{"index":0,"message":{"role":"assistant","content":")" +
         escaped + R"("},"finish_reason":")" + finish + R"("}],"usage":{"prompt_tokens":)" +
         std::to_string(prompt_tokens) + R"(,"completion_tokens":)" + std::to_string(reply_tokens) +
         "}}";
}

TestCertificate::TestCertificate(const std::string& host)
    : context_(SSL_CTX_new(TLS_server_method())) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("stylus test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
  const std::string alternative = (is_address ? "IP:" : "DNS:") + host;
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory, &text);
  pem_.assign(text, static_cast<std::size_t>(length));
  BIO_free(memory);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TestCertificate::~TestCertificate() { SSL_CTX_free(context_); }

}  // namespace stylus
