#pragma once

#include <chrono>
#include <string>

#include "app/options.h"
#include "support/progress.h"

namespace stylus::app {

/// Draws Progress on standard error: one line that is rewritten on a terminal, a plain line every
/// few seconds otherwise, nothing with --quiet. Ctrl-C makes the next report throw
/// Error(kCancelled), so that work stops at a safe place.
class ProgressLine {
 public:
  explicit ProgressLine(const GlobalOptions& global);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  /// The callback to hand to a room; valid as long as this object.
  [[nodiscard]] ProgressFn function();

 private:
  void report(const Progress& progress);
  void erase();

  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  std::string stage_;
  Clock::time_point stage_start_;
  Clock::time_point last_drawn_;
  std::size_t stage_first_ = 0;
};

}  // namespace stylus::app
