// A server that answers with every fault that servers have.
#include <gmock/gmock.h>

#include <thread>

#include "chat/client.h"
#include "tests/chat/fault_server.h"
#include "tests/error_code_of.h"

namespace stylus::chat {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Request question(const std::string& text = "hello") {
  Request request;
  request.messages.push_back({Role::kUser, text, {}});
  return request;
}

/// Settings for a server of the tests; waits are noted down instead of waited.
struct Asking {
  explicit Asking(const FaultServer& server) {
    settings.url = server.url();
    settings.model = "some-model";
    settings.timeout = settings.connect_timeout = milliseconds(30'000);
    settings.sleep = [this](milliseconds time) { waits.push_back(time); };
  }
  Reply ask(const Request& request = question()) { return open_client(settings)->ask(request); }
  std::optional<ErrorCode> code() {
    return error_code_of([this] { return ask(); });
  }
  std::string message() {
    return error_message_of([this] { return ask(); });
  }

  Settings settings;
  std::vector<milliseconds> waits;
};

ServerAnswer good(const std::string& text = "hi") { return {http_answer(completion(text))}; }

TEST(HttpClient, AsksAndReadsTheReply) {
  const FaultServer server({good("a reply")});
  Asking asking(server);
  asking.settings.key = "sk-secret";

  const Reply reply = asking.ask();

  EXPECT_EQ(reply.text, "a reply");
  EXPECT_EQ(reply.model, "served-model");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(server.requests()[0], HasSubstr("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_THAT(server.requests()[0], HasSubstr("Authorization: Bearer sk-secret"));
  EXPECT_THAT(server.requests()[0], HasSubstr("some-model"));
}

TEST(HttpClient, ReadsAnswersInChunks) {
  const std::string body = completion("pieces");
  std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : body) {
    bytes += std::string("1\r\n") + c + "\r\n";
  }
  const FaultServer server({ServerAnswer{bytes + "0\r\n\r\n"}});

  EXPECT_EQ(Asking(server).ask().text, "pieces");
}

TEST(HttpClient, TriesAgainAfterFaultsThatPass) {
  const FaultServer server({ServerAnswer{http_answer("oops", "500 Internal Server Error")},
                            ServerAnswer{http_answer("", "503 Service Unavailable")},
                            ServerAnswer{http_answer(completion("cut")).substr(0, 120)},
                            ServerAnswer{""}, good("at last")});
  Asking asking(server);

  EXPECT_EQ(asking.ask().text, "at last");
  ASSERT_EQ(asking.waits.size(), 4U);
  milliseconds ceiling(1000);
  for (const milliseconds wait : asking.waits) {
    EXPECT_LE(wait, ceiling);
    EXPECT_GE(wait, ceiling / 2);
    ceiling *= 2;
  }
}

TEST(HttpClient, WaitsTheSameWithTheSameSeed) {
  const auto waits_with = [](std::uint64_t seed) {
    const FaultServer server({ServerAnswer{http_answer("", "500 X")}});
    Asking asking(server);
    asking.settings.seed = seed;
    EXPECT_EQ(asking.code(), ErrorCode::kUnavailable);
    return asking.waits;
  };

  EXPECT_EQ(waits_with(3), waits_with(3));
  EXPECT_NE(waits_with(3), waits_with(4));
}

TEST(HttpClient, GivesUpAfterItsRetries) {
  const FaultServer server({ServerAnswer{http_answer(R"({"error":"overloaded"})", "500 X")}});
  Asking asking(server);
  asking.settings.retries = 2;

  const std::string message = asking.message();

  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_THAT(message, HasSubstr("answered 500 (overloaded)"));
  EXPECT_THAT(message, HasSubstr("3 tries"));
}

TEST(HttpClient, KeepsToRetryAfter) {
  const FaultServer server(
      {ServerAnswer{http_answer("", "429 Too Many Requests", "Retry-After: 17\r\n")}, good()});
  Asking asking(server);

  EXPECT_EQ(asking.ask().text, "hi");
  EXPECT_THAT(asking.waits, ElementsAre(milliseconds(17'000)));
}

TEST(HttpClient, DoesNotWaitForHours) {
  const FaultServer server(
      {ServerAnswer{http_answer("", "429 Too Many Requests", "Retry-After: 7200\r\n")}, good()});
  Asking asking(server);

  EXPECT_THAT(asking.message(), HasSubstr("asks to wait 7200 seconds"));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, DoesNotRepeatWhatStaysWrong) {
  for (const char* status : {"400 Bad Request", "401 Unauthorized", "404 Not Found",
                             "413 Too Large", "301 Moved Permanently"}) {
    const FaultServer server({ServerAnswer{
        http_answer(R"({"error":{"message":"no"}})", status, "Location: http://elsewhere/\r\n")}});
    Asking asking(server);
    EXPECT_EQ(asking.code(), ErrorCode::kInvalidArgument) << status;
    EXPECT_EQ(server.requests().size(), 1U) << status;
  }
  const FaultServer broke({ServerAnswer{
      http_answer(R"({"error":{"message":"pay","code":"insufficient_quota"}})", "429 X")}});
  Asking asking(broke);
  EXPECT_EQ(asking.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(broke.requests().size(), 1U);
}

TEST(HttpClient, GivesUpOnASilentServer) {
  const FaultServer server({ServerAnswer{"HTTP/1.1 200 OK\r\nContent-Type: application/js", true}});
  Asking asking(server);
  asking.settings.timeout = milliseconds(150);

  EXPECT_THAT(asking.message(), HasSubstr("in time"));
  EXPECT_EQ(server.requests().size(), 2U) << "a slow server gets one more chance, not four";
}

TEST(HttpClient, SaysThatNobodyListens) {
  Settings settings;
  {
    const FaultServer gone({good()});
    settings.url = gone.url();
  }
  settings.model = "m";
  settings.retries = 0;
  EXPECT_EQ(error_code_of([&] { return open_client(settings)->ask(question()); }),
            ErrorCode::kUnavailable);
}

TEST(HttpClient, RefusesAnswersThatAreNoCompletions) {
  for (const std::string& bytes :
       {http_answer("{\"choices\":"), http_answer("not json"), http_answer("{}"),
        http_answer("<html>Log in</html>", "200 OK", "", "text/html"),
        http_answer("data: {}\n\n", "200 OK", "", "text/event-stream"),
        std::string("SSH-2.0-x\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\nx")}) {
    const FaultServer server({ServerAnswer{bytes}});
    Asking asking(server);
    EXPECT_EQ(asking.code(), ErrorCode::kCorruptData) << bytes;
    EXPECT_EQ(server.requests().size(), 1U) << "asking again costs, and changes nothing";
  }
}

TEST(HttpClient, TellsFailuresThatLookLikeSuccess) {
  const FaultServer server({ServerAnswer{http_answer(R"({"error":{"message":"no credit"}})")}});
  Asking asking(server);

  EXPECT_THAT(asking.message(), HasSubstr("no credit"));
}

TEST(HttpClient, RefusesHugeAnswers) {
  const FaultServer announced(
      {ServerAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx"}});
  Asking first(announced);
  EXPECT_EQ(first.code(), ErrorCode::kCorruptData);

  const FaultServer sent({ServerAnswer{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" +
                                       std::string(3U << 20U, ' ')}});
  Asking second(sent);
  second.settings.max_reply_bytes = 1U << 20U;
  EXPECT_THAT(second.message(), HasSubstr("larger than 1048576 bytes"));

  const FaultServer headers({ServerAnswer{"HTTP/1.1 200 OK\r\nX: " + std::string(1U << 20U, 'x')}});
  Asking third(headers);
  EXPECT_EQ(third.code(), ErrorCode::kCorruptData);
}

TEST(HttpClient, AsksWithoutASchemaWhereTheServerKnowsNone) {
  const FaultServer server(FaultServer::Answerer([](const std::string& request, std::size_t) {
    return request.find("response_format") == std::string::npos
               ? ServerAnswer{http_answer(completion("free"))}
               : ServerAnswer{http_answer(R"({"detail":"response_format: unexpected"})",
                                          "422 Unprocessable Entity")};
  }));
  Asking asking(server);
  Request request = question();
  request.schema_name = "s";
  request.schema_json = "{}";
  const auto client = open_client(asking.settings);

  EXPECT_EQ(client->ask(request).text, "free");
  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(client->ask(request).text, "free");
  EXPECT_EQ(server.requests().size(), 4U) << "it remembers";
}

TEST(HttpClient, HoldsTheBudget) {
  const FaultServer server({good()});
  Asking asking(server);
  asking.settings.max_requests = 2;
  const auto client = open_client(asking.settings);

  EXPECT_EQ(client->ask(question()).text, "hi");
  EXPECT_EQ(client->ask(question()).text, "hi");
  EXPECT_EQ(error_code_of([&] { return client->ask(question()); }), ErrorCode::kCancelled);
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(client->spent().requests, 2);
  EXPECT_EQ(client->spent().tokens, 30);
}

TEST(HttpClient, CountsFailedTriesAgainstTheBudget) {
  const FaultServer server({ServerAnswer{http_answer("", "500 X")}});
  Asking asking(server);
  asking.settings.max_requests = 2;

  EXPECT_EQ(asking.code(), ErrorCode::kCancelled);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(HttpClient, HoldsTheTokens) {
  const FaultServer server({good()});
  Asking asking(server);
  asking.settings.max_tokens = 16;
  const auto client = open_client(asking.settings);

  EXPECT_EQ(client->ask(question()).text, "hi");
  EXPECT_EQ(client->ask(question()).text, "hi") << "15 of 16 were used";
  EXPECT_EQ(error_code_of([&] { return client->ask(question()); }), ErrorCode::kCancelled);
}

TEST(HttpClient, SpacesRequestsOut) {
  const FaultServer server({good()});
  Asking asking(server);
  asking.settings.requests_per_minute = 1;
  const auto client = open_client(asking.settings);

  (void)client->ask(question());
  EXPECT_TRUE(asking.waits.empty());
  (void)client->ask(question());
  ASSERT_EQ(asking.waits.size(), 1U);
  EXPECT_LE(asking.waits[0], milliseconds(60'000));
}

TEST(HttpClient, HoldsTheNumberOfRequestsAtOnce) {
  const FaultServer server({ServerAnswer{http_answer(completion("hi")), false, milliseconds(20)}});
  Asking asking(server);
  asking.settings.concurrency = 2;
  const auto client = open_client(asking.settings);

  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(client->ask(question()).text, "hi"); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(server.requests().size(), 8U);
  EXPECT_LE(server.most_at_once(), 2);
}

TEST(HttpClient, NeverSaysTheKey) {
  const FaultServer server(
      {ServerAnswer{http_answer(R"({"error":{"message":"bad key sk-secret!"}})", "401 X")}});
  Asking asking(server);
  asking.settings.key = "sk-secret";

  const std::string message = asking.message();

  EXPECT_THAT(message, HasSubstr("bad key ***!"));
  EXPECT_THAT(message, Not(HasSubstr("sk-secret")));
}

TEST(OpenClient, RefusesToSendAKeyInTheOpen) {
  Settings settings;
  settings.url = "http://models.example";
  settings.model = "m";
  settings.key = "sk-secret";

  EXPECT_THAT(error_message_of([&] { return open_client(settings); }), HasSubstr("unencrypted"));
}

TEST(OpenClient, RefusesKeysThatBreakHeaders) {
  Settings settings;
  settings.url = "https://models.example";
  settings.model = "m";
  settings.key = "a\r\nX-Evil: 1";

  EXPECT_EQ(error_code_of([&] { return open_client(settings); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stylus::chat
