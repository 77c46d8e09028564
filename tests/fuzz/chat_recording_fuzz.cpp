// Any bytes as a recorded conversation: refused with an Error, or opened.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "chat/recording.h"
#include "support/error.h"
#include "support/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  static const std::filesystem::path kFile =
      std::filesystem::temp_directory_path() /
      ("stylus-chat-fuzz-" + std::to_string(::getpid()) + ".jsonl");
  write_file_atomically(kFile, std::string_view(reinterpret_cast<const char*>(data), size));
  try {
    chat::ReplayClient replay(kFile, "");
    chat::Request request;
    request.messages.push_back({chat::Role::kUser, "hello", {}});
    static_cast<void>(replay.ask(request));
  } catch (const Error&) {
  }
  std::filesystem::remove(kFile);
  return 0;
}
