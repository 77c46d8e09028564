#pragma once

#include <optional>

#include "support/error.h"

namespace stylus {

/// Runs `action` and tells the code of the Error that it throws, or nothing.
template <typename Action>
[[nodiscard]] std::optional<ErrorCode> error_code_of(Action&& action) {
  try {
    (void)action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

/// The message of the Error that `action` throws, or "".
template <typename Action>
[[nodiscard]] std::string error_message_of(Action&& action) {
  try {
    (void)action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace stylus
