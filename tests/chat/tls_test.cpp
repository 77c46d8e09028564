#include <gmock/gmock.h>

#include <fstream>

#include "chat/client.h"
#include "tests/chat/fault_server.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::chat {
namespace {

using testing::HasSubstr;

Request question() {
  Request request;
  request.messages.push_back({Role::kUser, "hello", {}});
  return request;
}

Settings settings_for(const FaultServer& server) {
  Settings settings;
  settings.url = server.url();
  settings.model = std::string("m");
  settings.retries = 0;
  return settings;
}

TEST(Tls, TrustsANamedAuthority) {
  const TempDir folder;
  const TestCertificate certificate("127.0.0.1");
  std::ofstream(folder / "ca.pem") << certificate.pem();
  const FaultServer server({ServerAnswer{http_answer(completion("safe"))}}, certificate.server());
  Settings settings = settings_for(server);
  settings.ca_file = folder / "ca.pem";
  settings.key = "sk-secret";

  EXPECT_EQ(open_client(settings)->ask(question()).text, "safe");
}

TEST(Tls, RefusesACertificateThatNobodySigned) {
  const TestCertificate certificate("127.0.0.1");
  const FaultServer server({ServerAnswer{http_answer(completion("x"))}}, certificate.server());

  const auto ask = [&] { return open_client(settings_for(server))->ask(question()); };

  EXPECT_EQ(error_code_of(ask), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_message_of(ask), HasSubstr("not trusted"));
  EXPECT_TRUE(server.requests().empty()) << "nothing may be sent to a server that is not trusted";
}

TEST(Tls, RefusesACertificateOfAnotherHost) {
  const TempDir folder;
  const TestCertificate certificate("elsewhere.example");
  std::ofstream(folder / "ca.pem") << certificate.pem();
  const FaultServer server({ServerAnswer{http_answer(completion("x"))}}, certificate.server());
  Settings settings = settings_for(server);
  settings.ca_file = folder / "ca.pem";

  EXPECT_EQ(error_code_of([&] { return open_client(settings)->ask(question()); }),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Tls, SaysThatAServerSpeaksNoTls) {
  const FaultServer server({ServerAnswer{http_answer(completion("x"))}});
  Settings settings = settings_for(server);
  settings.url = std::string("https").append(server.url(), 4);
  settings.connect_timeout = std::chrono::milliseconds(2000);

  EXPECT_NE(error_code_of([&] { return open_client(settings)->ask(question()); }), std::nullopt);
}

TEST(Tls, RefusesAFileThatHoldsNoCertificates) {
  const TempDir folder;
  std::ofstream(folder / "ca.pem") << "nothing";
  Settings settings;
  settings.url = std::string("https://models.example");
  settings.model = std::string("m");
  settings.ca_file = folder / "ca.pem";

  EXPECT_EQ(error_code_of([&] { return open_client(settings); }), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::chat
