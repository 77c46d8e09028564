#include "chat/http_date.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace stylus::chat {
namespace {

constexpr std::int64_t kLongest = 24 * 60 * 60;

/// Seconds since 1970 of an IMF-fixdate (RFC 9110 5.6.7).
std::optional<std::int64_t> seconds_of(const std::string& date) {
  std::istringstream in(date);
  in.imbue(std::locale::classic());
  std::tm time = {};
  in >> std::get_time(&time, "%a, %d %b %Y %H:%M:%S GMT");
  if (in.fail()) {
    return std::nullopt;
  }
  return ::timegm(&time);
}

}  // namespace

std::optional<std::chrono::milliseconds> read_retry_after(const std::string& retry_after,
                                                          const std::string& date) {
  if (retry_after.empty()) {
    return std::nullopt;
  }
  double seconds = 0;
  const char* end = retry_after.data() + retry_after.size();
  const auto [stop, error] = std::from_chars(retry_after.data(), end, seconds);
  if (error != std::errc() || stop != end) {
    const auto until = seconds_of(retry_after);
    const auto now = seconds_of(date);
    if (!until || !now) {
      return std::nullopt;
    }
    seconds = static_cast<double>(*until - *now);
  }
  if (!(seconds >= 0)) {  // NaN, too
    seconds = 0;
  }
  seconds = std::min(seconds, static_cast<double>(kLongest));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace stylus::chat
