#include "chat/recording.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "chat/wire.h"
#include "support/file.h"
#include "support/hash.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxLineBytes = std::size_t{32} << 20U;
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30U;

constexpr std::array<std::pair<Finish, const char*>, 4> kFinishNames = {
    {{Finish::kStop, "stop"},
     {Finish::kLength, "length"},
     {Finish::kFilter, "filter"},
     {Finish::kOther, "other"}}};

const char* finish_name(Finish finish) {
  for (const auto& [value, name] : kFinishNames) {
    if (value == finish) {
      return name;
    }
  }
  return "other";
}

Finish finish_from(const std::string& text, const std::string& what) {
  for (const auto& [value, name] : kFinishNames) {
    if (text == name) {
      return value;
    }
  }
  fail(ErrorCode::kCorruptData, what, ": finish is '", truncate_utf8(text, 40),
       "', expected stop, length, filter or other");
}

ErrorCode code_from(const std::string& text, const std::string& what) {
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kCorruptData, ErrorCode::kUnavailable}) {
    if (text == error_name(code)) {
      return code;
    }
  }
  fail(ErrorCode::kCorruptData, what, ": error.code is '", truncate_utf8(text, 40),
       "', which no recorded failure has");
}

Json reply_json(const Reply& reply) {
  return {{"text", reply.text},
          {"refusal", reply.refusal},
          {"finish", finish_name(reply.finish)},
          {"prompt_tokens", reply.usage.prompt_tokens},
          {"reply_tokens", reply.usage.reply_tokens},
          {"model", reply.model}};
}

std::int64_t count_from(const nlohmann::json& json, const char* key, const std::string& what) {
  const auto found = json.find(key);
  require(found != json.end() && found->is_number_unsigned(), ErrorCode::kCorruptData, what, ": ",
          key, " is missing or no count");
  return found->get<std::int64_t>();
}

Reply reply_from(const nlohmann::json& json, const std::string& what) {
  require(json.is_object() && json.contains("text"), ErrorCode::kCorruptData, what,
          ": the reply has no text");
  Reply reply;
  reply.text = json_string(json, "text");
  reply.refusal = json_string(json, "refusal");
  reply.finish = finish_from(json_string(json, "finish"), what);
  reply.usage.prompt_tokens = count_from(json, "prompt_tokens", what);
  reply.usage.reply_tokens = count_from(json, "reply_tokens", what);
  reply.model = json_string(json, "model");
  return reply;
}

/// Cuts an unfinished last line off. Looks at the last 32 MiB only.
void drop_torn_line(int descriptor, const std::filesystem::path& file) {
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  std::string tail(std::min(static_cast<std::size_t>(std::max<off_t>(size, 0)), kMaxLineBytes),
                   '\0');
  const ssize_t got =
      ::pread(descriptor, tail.data(), tail.size(), size - static_cast<off_t>(tail.size()));
  require(size >= 0 && got == static_cast<ssize_t>(tail.size()), ErrorCode::kIo, "cannot read '",
          file.string(), "' to go on recording behind it");
  if (tail.empty() || tail.back() == '\n') {
    return;
  }
  const std::size_t line_end = tail.rfind('\n');
  const std::string_view torn =
      std::string_view(tail).substr(line_end == std::string::npos ? 0 : line_end + 1);
  require(torn.starts_with("{\"stylus_chat\""), ErrorCode::kInvalidArgument, "'", file.string(),
          "' is no recording of conversations: nothing was written to it");
  require(::ftruncate(descriptor, size - static_cast<off_t>(torn.size())) == 0, ErrorCode::kIo,
          "cannot shorten '", file.string(), "' by its torn last line");
}

void check_first_line(int descriptor, const std::filesystem::path& file) {
  constexpr std::string_view kStart = "{\"stylus_chat\"";
  std::array<char, kStart.size()> head{};
  const ssize_t got = ::pread(descriptor, head.data(), head.size(), 0);
  require(got == 0 || (got == static_cast<ssize_t>(head.size()) &&
                       std::string_view(head.data(), head.size()) == kStart),
          ErrorCode::kInvalidArgument, "'", file.string(),
          "' exists and is no recording of conversations; choose another file");
}

}  // namespace

std::string request_hash(const Request& request, const std::string& model) {
  return sha256_hex(recorded_request(request, model).dump());
}

RecordingClient::RecordingClient(std::unique_ptr<Client> inner, std::filesystem::path file)
    : inner_(std::move(inner)), file_(std::move(file)) {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  require(descriptor_ >= 0, ErrorCode::kIo, "cannot open '", file_.string(),
          "' to record conversations: ", std::strerror(errno));
  try {
    check_first_line(descriptor_, file_);
    drop_torn_line(descriptor_, file_);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

RecordingClient::~RecordingClient() { ::close(descriptor_); }

void RecordingClient::append(const std::string& line) {
  const std::lock_guard lock(mutex_);
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t wrote = ::write(descriptor_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    require(wrote > 0, ErrorCode::kIo, "cannot write to '", file_.string(),
            "': ", std::strerror(errno));
    done += static_cast<std::size_t>(wrote);
  }
}

Reply RecordingClient::ask(const Request& request) {
  Json line;
  line["stylus_chat"] = 1;
  line["request_sha256"] = request_hash(request, model());
  line["request"] = recorded_request(request, model());
  try {
    Reply reply = inner_->ask(request);
    line["reply"] = reply_json(reply);
    append(line.dump() + "\n");
    return reply;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled && error.code() != ErrorCode::kIo) {
      line["error"] = {{"code", error_name(error.code())}, {"message", repair_utf8(error.what())}};
      append(line.dump() + "\n");
    }
    throw;
  }
}

ReplayClient::ReplayClient(const std::filesystem::path& file, std::string model)
    : file_(file), model_(std::move(model)) {
  const std::string text = read_file(file, kMaxFileBytes);
  std::size_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) {
      break;  // torn by a kill while it was recorded
    }
    read_line(std::string_view(text).substr(begin, end - begin),
              file.filename().string() + ":" + std::to_string(number));
    begin = end + 1;
  }
}

void ReplayClient::read_line(std::string_view line, const std::string& what) {
  JsonLimits limits;
  limits.max_bytes = kMaxLineBytes;
  const nlohmann::json json = parse_json(line, what, limits);
  require(json.is_object() && json.contains("stylus_chat"), ErrorCode::kCorruptData, what,
          " is no line of a recording: it has no \"stylus_chat\"");
  require(json["stylus_chat"] == 1, ErrorCode::kUnsupported, what, " has version ",
          truncate_utf8(json["stylus_chat"].dump(), 40), ", this program reads version 1");
  const std::string hash = json_string(json, "request_sha256");
  require(hash.size() == 64, ErrorCode::kCorruptData, what, " has no request_sha256");
  Entry entry;
  if (const auto reply = json.find("reply"); reply != json.end()) {
    entry.reply = reply_from(*reply, what);
  } else {
    const nlohmann::json error = json.value("error", nlohmann::json::object());
    entry.code = code_from(json_string(error, "code"), what);
    entry.message = json_string(error, "message");
  }
  if (model_.empty() && json.contains("request")) {
    model_ = json_string(json["request"], "model");
  }
  entries_[hash].push_back(std::move(entry));
}

Reply ReplayClient::ask(const Request& request) {
  const std::string hash = request_hash(request, model_);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(hash);
  require(found != entries_.end(), ErrorCode::kNotFound, "'", file_.string(),
          "' does not hold this request to the model '", model_, "' (", hash.substr(0, 12),
          "…): catalogue, prompt, options and program must be those of the recording");
  require(!found->second.empty(), ErrorCode::kNotFound, "'", file_.string(),
          "' holds this request (", hash.substr(0, 12), "…), but fewer times than it is asked");
  Entry entry = std::move(found->second.front());
  found->second.pop_front();
  if (!entry.reply) {
    throw Error(entry.code, entry.message);
  }
  return *std::move(entry.reply);
}

}  // namespace stylus::chat
