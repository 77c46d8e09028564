#include "app/progress_line.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "support/error.h"

namespace stylus::app {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler writes it");

/// The first Ctrl-C asks the work to stop; the second ends the process.
void on_interrupt(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

std::string duration(double seconds) {
  std::ostringstream text;
  const long whole = std::lround(seconds);
  if (whole >= 3600) {
    text << whole / 3600 << " h " << whole % 3600 / 60 << " min";
  } else if (whole >= 60) {
    text << whole / 60 << " min " << whole % 60 << " s";
  } else {
    text << whole << " s";
  }
  return text.str();
}

/// "812 a second", "12 a minute"
std::string rate_text(double per_second) {
  const bool slow = per_second < 2;
  return std::to_string(std::lround(slow ? 60 * per_second : per_second)) +
         (slow ? " a minute" : " a second");
}

}  // namespace

ProgressLine::ProgressLine(const GlobalOptions& global)
    : quiet_(global.quiet), terminal_(::isatty(STDERR_FILENO) != 0) {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

ProgressLine::~ProgressLine() { erase(); }

ProgressFn ProgressLine::function() {
  return [this](const Progress& progress) { report(progress); };
}

void ProgressLine::erase() {
  if (drawn_ && terminal_) {
    std::cerr << "\r\033[K" << std::flush;
  }
  drawn_ = false;
}

void ProgressLine::report(const Progress& progress) {
  if (interrupted) {
    fail(ErrorCode::kCancelled, "stopped while ", progress.stage, " (", progress.done, " of ",
         progress.total, "). What was finished is kept; the same command goes on from there");
  }
  if (quiet_) {
    return;
  }
  const Clock::time_point now = Clock::now();
  if (progress.stage != stage_) {
    stage_ = progress.stage;
    stage_start_ = last_drawn_ = now;
    stage_first_ = progress.done;
    return;
  }
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (now - last_drawn_ < pause) {
    return;
  }
  last_drawn_ = now;
  std::ostringstream line;
  line << progress.stage << ": " << progress.done;
  const double spent = std::chrono::duration<double>(now - stage_start_).count();
  if (progress.total > 0) {
    line << " of " << progress.total << " (" << progress.done * 100 / progress.total << " %)";
    if (progress.done > stage_first_) {
      const double rate = static_cast<double>(progress.done - stage_first_) / spent;
      line << ", " << rate_text(rate) << ", "
           << duration(static_cast<double>(progress.total - progress.done) / rate) << " left";
    }
  }
  if (!progress.note.empty()) {
    line << ", " << progress.note;
  }
  if (terminal_) {
    std::cerr << "\r\033[K" << line.str() << std::flush;
    drawn_ = true;
  } else {
    std::cerr << line.str() << '\n';
  }
}

}  // namespace stylus::app
