#include "app/renderer_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "support/error.h"
#include "support/json.h"

extern char** environ;

namespace stylus::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// One end of a pipe; closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) {
      ::close(number_);
      number_ = -1;
    }
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

struct Pipe {
  Descriptor read, write;
};

Pipe open_pipe() {
  std::array<int, 2> ends{};
  require(pipe2(ends.data(), O_CLOEXEC) == 0, ErrorCode::kUnavailable,
          "no pipe could be made: ", std::strerror(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The running renderer; ended and waited for at the latest on destruction.
class Child {
 public:
  explicit Child(const fs::path& program) {
    Pipe in = open_pipe();
    Pipe out = open_pipe();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    // We ignore SIGPIPE, the child must not: when we are gone it ends with its next event.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    std::string name = program.string();
    std::array<char*, 2> arguments = {name.data(), nullptr};
    const int failed =
        posix_spawn(&process_, name.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    require(failed == 0, ErrorCode::kUnavailable, "'", name,
            "' could not be started: ", std::strerror(failed));
    to_ = std::move(in.write);
    from_ = std::move(out.read);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) {
      kill(process_, SIGTERM);
      (void)wait();
    }
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(to_.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written <= 0) {
        break;  // It ended early; what it reported, or its exit status, tells why.
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    to_.close();
  }

  /// The next line of its output without the end, or nothing when it has closed it.
  std::optional<std::string> next_line() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      std::array<char, 4096> part{};
      const ssize_t count = ::read(from_.get(), part.data(), part.size());
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return std::nullopt;
      }
      buffer_.append(part.data(), static_cast<std::size_t>(count));
      require(buffer_.size() < kMaxLine, ErrorCode::kUnavailable,
              "the renderer answered with a line of more than ", kMaxLine, " bytes");
    }
  }

  /// Its exit status; -1 when a signal ended it.
  int wait() {
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20U;

  pid_t process_ = 0;
  Descriptor to_, from_;
  std::string buffer_;
};

ErrorCode code_of(const std::string& name) {
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kCorruptData,
        ErrorCode::kUnsupported, ErrorCode::kUnavailable, ErrorCode::kIo, ErrorCode::kCancelled}) {
    if (name == error_name(code)) {
      return code;
    }
  }
  return ErrorCode::kUnavailable;
}

}  // namespace

namespace {

fs::path find_beside(const std::string& program) {
  std::error_code none;
  const fs::path own = fs::read_symlink("/proc/self/exe", none);
  const fs::path beside = own.parent_path() / program;
  return fs::exists(beside, none) ? beside : fs::path();
}

}  // namespace

fs::path find_renderer() { return find_beside("stylus-render"); }

void run_helper(const std::string& program, const std::string& for_what,
                const nlohmann::ordered_json& job,
                const std::function<void(const json&)>& on_event) {
  const fs::path path = find_beside(program);
  require(!path.empty(), ErrorCode::kUnavailable, for_what, " the program ", program,
          " beside stylus, and it is not there; run tools/setup, which installs libtorch and "
          "builds it");
  // Threads that spin while they wait multiply the work where cores are shared: twenty times the
  // CPU time was seen. What the user has set stays.
  ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  // A helper that ends early must not end us by SIGPIPE.
  std::signal(SIGPIPE, SIG_IGN);
  Child child(path);
  child.send(job.dump(-1, ' ', false, json::error_handler_t::replace));
  bool is_done = false;
  while (const std::optional<std::string> line = child.next_line()) {
    const json event = parse_json(*line, "the answer of " + program);
    const std::string kind = json_string(event, "event");
    if (kind == "error") {
      (void)child.wait();
      fail(code_of(json_string(event, "code")), json_string(event, "message"));
    }
    is_done = is_done || kind == "done";
    on_event(event);
  }
  const int status = child.wait();
  require(is_done && status == 0, ErrorCode::kUnavailable, program, " ended without an answer",
          status == -1 ? " (a signal stopped it; there may have been too little memory)" : "");
}

void run_renderer(const nlohmann::ordered_json& job,
                  const std::function<void(const json&)>& on_event) {
  run_helper("stylus-render", "pictures need", job, on_event);
}

}  // namespace stylus::app
