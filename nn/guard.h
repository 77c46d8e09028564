#pragma once

#include <c10/util/Exception.h>

#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "support/error.h"

namespace stylus::nn {

/// Throws the Error for an exception of torch: kUnavailable.
[[noreturn]] void fail_torch(std::string_view what, const c10::Error& error);

/// Runs `action` and turns torch's exceptions and allocation failures into Error(kUnavailable) that
/// begins with `what` ("UNet"). Used at the front doors of models.
template <typename Action>
auto guarded(std::string_view what, Action&& action) -> decltype(action()) {
  try {
    return std::forward<Action>(action)();
  } catch (const c10::Error& error) {
    fail_torch(what, error);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::kUnavailable, what, ": out of memory; ask for smaller or fewer pictures");
  }
}

}  // namespace stylus::nn
