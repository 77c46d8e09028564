#pragma once

#include "support/error.h"

namespace stylus::app {

/// Exit statuses of the program (after BSD's sysexits;
/// docs/formats.md#command-line-json-and-exit-status).
inline constexpr int kSuccess = 0;
inline constexpr int kSomeRefused = 1;  ///< The work ended, but some items were refused.
inline constexpr int kInternalError = 70;

/// The exit status of an Error.
[[nodiscard]] constexpr int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 64;
    case ErrorCode::kCorruptData:
      return 65;
    case ErrorCode::kNotFound:
      return 66;
    case ErrorCode::kUnavailable:
      return 69;
    case ErrorCode::kIo:
      return 74;
    case ErrorCode::kUnsupported:
      return 76;
    case ErrorCode::kCancelled:
      return 130;
  }
  return kInternalError;
}

}  // namespace stylus::app
