#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "chat/client.h"

namespace stylus::chat {

/// Lets requests through: so many at once, so many a minute, and while the budget lasts.
///
/// Thread safety: all methods from several threads.
class Gate {
 public:
  explicit Gate(const Settings& settings);

  /// Permission for one HTTP request; ends with the object.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(gate) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { gate_.leave(); }

   private:
    Gate& gate_;
  };

  /// Waits for its turn. Error(kCancelled) when the budget is spent.
  [[nodiscard]] Pass enter();

  void add_tokens(std::int64_t tokens);
  [[nodiscard]] Spent spent() const;

 private:
  void leave();

  const int concurrency_;
  const std::chrono::milliseconds spacing_;  ///< Between the starts of two requests.
  const std::int64_t max_requests_, max_tokens_;
  const std::function<void(std::chrono::milliseconds)> sleep_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  int under_way_ = 0;
  std::chrono::steady_clock::time_point next_start_;
  Spent spent_;
};

}  // namespace stylus::chat
