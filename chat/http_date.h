#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace stylus::chat {

/// How long a server asks to wait: "Retry-After: 7", or a date, which is set against the answer's
/// own "Date", so that no clock is read. Nothing for what is neither, or for a date without "Date".
/// Never below zero; at most a day.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(
    const std::string& retry_after, const std::string& date);

}  // namespace stylus::chat
