#include "chat/wire.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "chat/http_date.h"
#include "tests/error_code_of.h"

namespace stylus::chat {
namespace {

using nlohmann::json;

Request question() {
  Request request;
  request.messages.push_back({Role::kSystem, "Be brief.", {}});
  request.messages.push_back({Role::kUser, "What is this?", {{"image/png", "\x01\x02\x03\x04"}}});
  request.schema_name = "answer";
  request.schema_json = R"({"type":"object"})";
  return request;
}

Reply read(const std::string& body) { return read_completion(body, "asked", 400, 1 << 20); }

TEST(RequestBody, CarriesPicturesAsDataUrls) {
  const json body = json::parse(request_body(question(), "m"));

  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["messages"][0]["content"], "Be brief.");
  EXPECT_EQ(body["messages"][1]["content"][0]["text"], "What is this?");
  EXPECT_EQ(body["messages"][1]["content"][1]["image_url"]["url"],
            "data:image/png;base64,AQIDBA==");
  EXPECT_EQ(body["response_format"]["json_schema"]["name"], "answer");
  EXPECT_EQ(body["temperature"], 0);
  EXPECT_EQ(body["stream"], false);
}

TEST(RecordedRequest, HoldsAHashInsteadOfThePicture) {
  const std::string text = recorded_request(question(), "m").dump();

  EXPECT_EQ(text.find("base64"), std::string::npos);
  EXPECT_NE(text.find(R"("bytes":4)"), std::string::npos);
}

TEST(ReadCompletion, ReadsTextUsageAndFinish) {
  const Reply reply = read(
      R"({"model":"m2","choices":[{"message":{"content":"hello"},"finish_reason":"length"}],
          "usage":{"prompt_tokens":7,"completion_tokens":3}})");

  EXPECT_EQ(reply.text, "hello");
  EXPECT_EQ(reply.finish, Finish::kLength);
  EXPECT_EQ(reply.usage, (Usage{7, 3}));
  EXPECT_EQ(reply.model, "m2");
}

TEST(ReadCompletion, ReadsPartsAndRefusals) {
  const Reply reply = read(
      R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},7],
          "refusal":"I cannot"},"finish_reason":"stop"}]})");

  EXPECT_EQ(reply.text, "ab");
  EXPECT_EQ(reply.refusal, "I cannot");
  EXPECT_EQ(reply.model, "asked");
}

TEST(ReadCompletion, EstimatesTokensWhereTheServerLies) {
  const Reply reply = read(
      R"({"choices":[{"message":{"content":"12345678"}}],
          "usage":{"prompt_tokens":-5,"completion_tokens":1e30}})");

  EXPECT_EQ(reply.usage, (Usage{100, 2}));
}

TEST(ReadCompletion, RefusesWhatIsNoCompletion) {
  for (const char* body :
       {"", "[]", "null", "{}", R"({"choices":[]})", R"({"choices":[7]})",
        R"({"choices":[{"message":7}]})", R"({"choices":{"0":1}})", "{\"choices\":"}) {
    EXPECT_EQ(error_code_of([&] { return read(body); }), ErrorCode::kCorruptData) << body;
  }
}

TEST(CountableBytes, CountsTextsAndPictures) {
  Request request;
  request.messages.push_back({Role::kUser, "12345678", {{"image/png", "x"}}});

  EXPECT_EQ(countable_bytes(request), 4008U);
}

TEST(ReadError, KnowsTheFormsInUse) {
  EXPECT_EQ(read_error(R"({"error":{"message":"too\nlong","code":"c"}})").message, "too long");
  EXPECT_EQ(read_error(R"({"error":{"message":"x","code":"c"}})").code, "c");
  EXPECT_EQ(read_error(R"({"error":"no model"})").message, "no model");
  EXPECT_NE(read_error(R"({"detail":[{"loc":["body","response_format"]}]})")
                .message.find("response_format"),
            std::string::npos);
  EXPECT_EQ(read_error("<html>").message, "");
}

TEST(PlainerStyle, GivesUpOnlyWhatIsComplainedOf) {
  const BodyStyle full;

  EXPECT_EQ(plainer_style(full, 400, {"unknown field response_format", ""})->structure,
            BodyStyle::Structure::kObject);
  EXPECT_TRUE(plainer_style(full, 400, {"use max_completion_tokens", ""})->completion_tokens);
  EXPECT_FALSE(plainer_style(full, 400, {"temperature must be 1", ""})->temperature);
  EXPECT_EQ(plainer_style(full, 400, {"context too long", ""}), std::nullopt);
  EXPECT_EQ(plainer_style(full, 500, {"", ""}), std::nullopt) << "it may pass";
  EXPECT_EQ(plainer_style(full, 500, {"'response_format', 'type'", ""})->structure,
            BodyStyle::Structure::kObject)
      << "llama-cpp-python 0.3.36";
  EXPECT_EQ(plainer_style(full, 503, {"response_format", ""}), std::nullopt);
}

TEST(ReadRetryAfter, ReadsSecondsAndDates) {
  using std::chrono::milliseconds;
  EXPECT_EQ(read_retry_after("7", ""), milliseconds(7000));
  EXPECT_EQ(read_retry_after("0.5", ""), milliseconds(500));
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            milliseconds(10'000));
  EXPECT_EQ(read_retry_after("-3", ""), milliseconds(0));
  EXPECT_EQ(read_retry_after("soon", "Sun, 06 Nov 1994 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", ""), std::nullopt);
  EXPECT_EQ(read_retry_after("1e300", ""), milliseconds(24 * 60 * 60 * 1000));
}

}  // namespace
}  // namespace stylus::chat
