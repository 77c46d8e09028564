#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace stylus {

/// Why a request could not be met. Callers branch on this; people read the message.
/// The app maps each code to one exit status (app/status_map.h).
enum class ErrorCode {
  kInvalidArgument,  ///< The caller broke a documented "Requires".
  kNotFound,         ///< A named thing does not exist.
  kCorruptData,      ///< A file, row or text is not what its format promises.
  kUnsupported,      ///< Well-formed, but a kind that stylus does not read.
  kUnavailable,      ///< A model, device, lock or service is missing right now.
  kIo,               ///< The operating system refused to read or write.
  kCancelled,        ///< The user stopped the work; what was finished is kept.
};

/// The word for a code in JSON: "not_found".
[[nodiscard]] constexpr const char* error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kCorruptData:
      return "corrupt_data";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCancelled:
      return "cancelled";
  }
  return "internal";
}

/// The only exception type that leaves a room.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Builds a message from `parts` and throws Error(code).
template <typename... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(code, message.str());
}

/// Throws Error(code) unless `ok`. The message is built from `parts` only on failure,
/// so a check costs one branch: require(rank > 0, ErrorCode::kCorruptData, "rank is ", rank).
template <typename... Parts>
void require(bool ok, ErrorCode code, const Parts&... parts) {
  if (!ok) {
    fail(code, parts...);
  }
}

}  // namespace stylus
