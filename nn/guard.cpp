#include "nn/guard.h"

namespace stylus::nn {

void fail_torch(std::string_view what, const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  // The CPU allocator throws a plain c10::Error: only its text tells.
  const bool is_memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                         text.find("can't allocate memory") != std::string::npos ||
                         text.find("out of memory") != std::string::npos;
  if (is_memory) {
    fail(ErrorCode::kUnavailable, what, ": out of memory; ask for smaller or fewer pictures (",
         text.substr(0, text.find('\n')), ")");
  }
  fail(ErrorCode::kUnavailable, what, ": torch failed: ", text);
}

}  // namespace stylus::nn
