#include "chat/gate.h"

#include <algorithm>

#include "support/error.h"

namespace stylus::chat {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Gate::Gate(const Settings& settings)
    : concurrency_(settings.concurrency),
      spacing_(settings.requests_per_minute > 0
                   ? (60'000 + settings.requests_per_minute - 1) / settings.requests_per_minute
                   : 0),
      max_requests_(settings.max_requests),
      max_tokens_(settings.max_tokens),
      sleep_(settings.sleep) {}

Gate::Pass Gate::enter() {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [this] { return under_way_ < concurrency_; });
  require(max_requests_ == 0 || spent_.requests < max_requests_, ErrorCode::kCancelled,
          "the budget of ", max_requests_, " requests to the model is spent (--max-requests)");
  require(max_tokens_ == 0 || spent_.tokens < max_tokens_, ErrorCode::kCancelled, "the budget of ",
          max_tokens_, " tokens is spent: ", spent_.tokens, " were used (--max-tokens)");
  ++under_way_;
  ++spent_.requests;
  const Clock::time_point now = Clock::now();
  const Clock::time_point turn = std::max(now, next_start_);
  next_start_ = turn + spacing_;
  lock.unlock();
  if (turn > now) {
    sleep_(std::chrono::ceil<std::chrono::milliseconds>(turn - now));
  }
  return Pass(*this);
}

void Gate::leave() {
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }
  free_.notify_all();  // one goes on; or all hear that the budget is spent
}

void Gate::add_tokens(std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  spent_.tokens += tokens;
}

Spent Gate::spent() const {
  const std::lock_guard lock(mutex_);
  return spent_;
}

}  // namespace stylus::chat
