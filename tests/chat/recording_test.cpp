#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "chat/client.h"
#include "tests/chat/fault_server.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::chat {
namespace {

using testing::HasSubstr;
using testing::Not;

Request question(const std::string& text) {
  Request request;
  request.messages.push_back({Role::kUser, text, {{"image/png", "picture bytes"}}});
  return request;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Answers "reply 0", "reply 1", … and refuses what says "refuse".
FaultServer::Answerer counting() {
  return [](const std::string& request, std::size_t number) {
    return request.find("refuse") != std::string::npos
               ? ServerAnswer{http_answer(R"({"error":"no, sk-secret"})", "400 X")}
               : ServerAnswer{http_answer(completion("reply " + std::to_string(number)))};
  };
}

Settings recording(const FaultServer& server, const std::filesystem::path& file) {
  Settings settings;
  settings.url = server.url();
  settings.model = "m";
  settings.key = "sk-secret";
  settings.record_file = file;
  return settings;
}

Settings replaying(const std::filesystem::path& file, const std::string& model = "m") {
  Settings settings;
  settings.model = model;
  settings.replay_file = file;
  return settings;
}

TEST(Recording, IsReplayedExactly) {
  const TempDir folder;
  const std::filesystem::path file = folder / "talk.jsonl";
  const FaultServer server(counting());
  const auto client = open_client(recording(server, file));
  const Reply first = client->ask(question("one"));
  const Reply again = client->ask(question("one"));
  const Reply other = client->ask(question("two"));
  const std::string refused = error_message_of([&] { return client->ask(question("refuse")); });

  const auto replay = open_client(replaying(file));

  EXPECT_EQ(replay->ask(question("two")), other);
  EXPECT_EQ(replay->ask(question("one")), first);
  EXPECT_EQ(replay->ask(question("one")), again);
  EXPECT_EQ(error_message_of([&] { return replay->ask(question("refuse")); }), refused);
  EXPECT_EQ(server.requests().size(), 4U) << "the replay asked nobody";
  EXPECT_EQ(replay->spent().requests, 0);
}

TEST(Recording, HoldsNeitherKeysNorPictures) {
  const TempDir folder;
  const FaultServer server(counting());
  {
    const auto client = open_client(recording(server, folder / "talk.jsonl"));
    (void)client->ask(question("one"));
    (void)error_code_of([&] { return client->ask(question("refuse")); });
  }

  const std::string text = text_of(folder / "talk.jsonl");

  EXPECT_THAT(text, Not(HasSubstr("sk-secret")));
  EXPECT_THAT(text, Not(HasSubstr("base64")));
  EXPECT_THAT(text, HasSubstr("reply 0"));
}

TEST(Replay, RefusesWhatWasNotRecorded) {
  const TempDir folder;
  const std::filesystem::path file = folder / "talk.jsonl";
  const FaultServer server(counting());
  (void)open_client(recording(server, file))->ask(question("one"));

  const auto replay = open_client(replaying(file));

  EXPECT_EQ(error_code_of([&] { return replay->ask(question("three")); }), ErrorCode::kNotFound);
  EXPECT_EQ(replay->ask(question("one")).text, "reply 0");
  EXPECT_EQ(error_code_of([&] { return replay->ask(question("one")); }), ErrorCode::kNotFound)
      << "it was asked once";
  EXPECT_EQ(error_code_of([&] { return open_client(replaying(file, "x"))->ask(question("one")); }),
            ErrorCode::kNotFound)
      << "another model is another request";
  EXPECT_EQ(open_client(replaying(file, ""))->model(), "m");
}

TEST(Recording, GoesOnBehindATornLine) {
  const TempDir folder;
  const std::filesystem::path file = folder / "talk.jsonl";
  const FaultServer server(counting());
  (void)open_client(recording(server, file))->ask(question("one"));
  std::ofstream(file, std::ios::app) << R"({"stylus_chat":1,"request_sha)";

  EXPECT_EQ(open_client(replaying(file))->ask(question("one")).text, "reply 0");
  (void)open_client(recording(server, file))->ask(question("two"));

  const auto replay = open_client(replaying(file));
  EXPECT_EQ(replay->ask(question("one")).text, "reply 0");
  EXPECT_EQ(replay->ask(question("two")).text, "reply 1");
}

TEST(Recording, NeverWritesIntoOtherFiles) {
  const TempDir folder;
  const FaultServer server(counting());
  for (const char* content : {"my notes", "{}\n", "{\"stylus_cha"}) {
    std::ofstream(folder / "notes.txt") << content;
    EXPECT_EQ(error_code_of([&] { return open_client(recording(server, folder / "notes.txt")); }),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(text_of(folder / "notes.txt"), content);
  }
}

TEST(Replay, RefusesFilesThatAreNoRecordings) {
  const TempDir folder;
  const std::filesystem::path file = folder / "talk.jsonl";
  EXPECT_EQ(error_code_of([&] { return open_client(replaying(file)); }), ErrorCode::kNotFound);
  for (const char* line : {"x", "[]", "{}", R"({"stylus_chat":1})",
                           R"({"stylus_chat":1,"request_sha256":"00","reply":{}})"}) {
    std::ofstream(file) << line << '\n';
    EXPECT_EQ(error_code_of([&] { return open_client(replaying(file)); }), ErrorCode::kCorruptData)
        << line;
  }
  std::ofstream(file) << R"({"stylus_chat":2})" << '\n';
  EXPECT_EQ(error_code_of([&] { return open_client(replaying(file)); }), ErrorCode::kUnsupported);
}

TEST(ReadKeyFile, WantsAFileThatOthersCannotRead) {
  const TempDir folder;
  const std::filesystem::path file = folder / "key";
  std::ofstream(file) << "sk-secret\n";
  ::chmod(file.c_str(), 0644);
  EXPECT_THAT(error_message_of([&] { return read_key_file(file); }), HasSubstr("chmod 600"));

  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(read_key_file(file), "sk-secret");

  std::ofstream(file) << "two words\n";
  EXPECT_THAT(error_message_of([&] { return read_key_file(file); }), Not(HasSubstr("two words")));
}

}  // namespace
}  // namespace stylus::chat
