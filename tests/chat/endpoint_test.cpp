#include "chat/endpoint.h"

#include <gtest/gtest.h>

#include "tests/error_code_of.h"

namespace stylus::chat {
namespace {

TEST(ParseEndpoint, CompletesWhatPeopleType) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:8080").target, "/v1/chat/completions");
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:8080/").target, "/v1/chat/completions");
  EXPECT_EQ(parse_endpoint("https://host/v1").target, "/v1/chat/completions");
  EXPECT_EQ(parse_endpoint("https://host/api/v1/").target, "/api/v1/chat/completions");
  EXPECT_EQ(parse_endpoint("https://host/x/chat/completions?api-version=1").target,
            "/x/chat/completions?api-version=1");
}

TEST(ParseEndpoint, KnowsPortsAndAddresses) {
  EXPECT_EQ(parse_endpoint("https://host").port, "443");
  EXPECT_EQ(parse_endpoint("http://host").port, "80");
  const Endpoint six = parse_endpoint("http://[::1]:99/v1");
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.port, "99");
  EXPECT_EQ(six.authority(), "[::1]:99");
  EXPECT_TRUE(six.is_loopback());
  EXPECT_TRUE(parse_endpoint("http://LOCALHOST").is_loopback());
  EXPECT_FALSE(parse_endpoint("http://127.0.0.1.example.org").is_loopback())
      << "a name that only looks like an address of this machine";
}

TEST(ParseEndpoint, RefusesWhatIsNoServer) {
  for (const char* url :
       {"", "host", "ftp://host", "http://", "http://host:0", "http://host:99999", "http://host:x",
        "http://user:secret@host", "http://ho st", "http://[::1", "http://host\r\nX: y"}) {
    EXPECT_EQ(error_code_of([&] { return parse_endpoint(url); }), ErrorCode::kInvalidArgument)
        << url;
  }
}

TEST(ParseEndpoint, NeverRepeatsAPassword) {
  const std::string message =
      error_message_of([] { return parse_endpoint("http://me:hunter2@host"); });

  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
}

}  // namespace
}  // namespace stylus::chat
