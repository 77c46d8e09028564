#include "chat/http_client.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "support/error.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

using std::chrono::milliseconds;

constexpr int kTooManyRequests = 429;

bool is_worth_a_retry(int status) {
  switch (status) {
    case 408:
    case kTooManyRequests:
    case 500:
    case 502:
    case 503:
    case 504:
    case 529:
      return true;
    default:
      return false;
  }
}

TransportOptions transport_options(const Settings& settings) {
  TransportOptions options;
  options.connect_timeout = settings.connect_timeout;
  options.timeout = settings.timeout;
  options.max_body_bytes = settings.max_reply_bytes;
  options.ca_file = settings.ca_file;
  return options;
}

Endpoint checked_endpoint(const Settings& settings) {
  Endpoint endpoint = parse_endpoint(settings.url);
  require(settings.key.empty() || endpoint.tls || endpoint.is_loopback(),
          ErrorCode::kInvalidArgument, "the key would travel unencrypted to ", endpoint.authority(),
          "; use https, or give no key");
  return endpoint;
}

}  // namespace

/// One HTTP request: a reply, or why there is none and whether another try makes sense.
struct HttpClient::Attempt {
  std::optional<Reply> reply;
  bool again_at_once = false;  ///< The style was plainer than the server's; ask in the new one.
  std::string problem;         ///< Worth a retry.
  bool slow = false;           ///< It ran into the timeout.
  std::optional<milliseconds> retry_after;
};

HttpClient::HttpClient(Settings settings)
    : settings_(std::move(settings)),
      endpoint_(checked_endpoint(settings_)),
      transport_(endpoint_, transport_options(settings_)),
      gate_(settings_),
      random_(settings_.seed) {}

std::string HttpClient::without_key(std::string text) const {
  for (std::size_t at = 0;
       !settings_.key.empty() && (at = text.find(settings_.key, at)) != std::string::npos;) {
    text.replace(at, settings_.key.size(), "***");
  }
  return text;
}

std::string HttpClient::complaint(const HttpAnswer& answer, const ErrorBody& error) const {
  std::ostringstream text;
  text << "the model server " << endpoint_.authority() << " answered " << answer.status;
  if (!error.message.empty()) {
    text << " (" << without_key(error.message) << ")";
  }
  return text.str();
}

milliseconds HttpClient::wait_before(int retry) {
  milliseconds wait = settings_.first_wait;
  for (int i = 0; i < retry && wait < settings_.longest_wait; ++i) {
    wait *= 2;
  }
  wait = std::min(wait, settings_.longest_wait);
  const std::lock_guard lock(mutex_);
  const double share = 0.5 + 0.5 * static_cast<double>(random_() >> 11U) * 0x1p-53;
  return milliseconds(static_cast<std::int64_t>(share * static_cast<double>(wait.count())));
}

HttpAnswer HttpClient::post(const std::string& body, Attempt& attempt) {
  const Gate::Pass pass = gate_.enter();
  const auto start = std::chrono::steady_clock::now();
  try {
    return transport_.post(body, settings_.key);
  } catch (const Error&) {
    attempt.slow = std::chrono::steady_clock::now() - start >= settings_.timeout;
    throw;
  }
}

Reply HttpClient::read_success(const HttpAnswer& answer, const Request& request) const {
  try {
    return read_completion(answer.body, settings_.model, countable_bytes(request),
                           settings_.max_reply_bytes);
  } catch (const Error&) {
    // Some gateways pass failures on with status 200.
    const ErrorBody hidden = read_error(answer.body);
    require(hidden.message.empty(), ErrorCode::kCorruptData, complaint(answer, hidden));
    throw;
  }
}

HttpClient::Attempt HttpClient::attempt(const Request& request, BodyStyle& style) {
  Attempt attempt;
  const std::string body = request_body(request, settings_.model, style);
  HttpAnswer answer;
  try {
    answer = post(body, attempt);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnavailable) {
      throw;
    }
    attempt.problem = error.what();
    return attempt;
  }
  if (answer.status >= 200 && answer.status < 300) {
    require(answer.content_type.empty() || answer.content_type.find("json") != std::string::npos,
            ErrorCode::kCorruptData, endpoint_.authority(), " answered with ",
            truncate_utf8(repair_utf8(answer.content_type), 80),
            ", expected JSON; is the URL of the model server right?");
    attempt.reply = read_success(answer, request);
    gate_.add_tokens(attempt.reply->usage.total());
    return attempt;
  }
  const ErrorBody error = read_error(answer.body);
  attempt.problem = complaint(answer, error);
  if (const std::optional<BodyStyle> plainer = plainer_style(style, answer.status, error)) {
    style = *plainer;
    attempt.again_at_once = true;
    return attempt;
  }
  if (is_worth_a_retry(answer.status) && error.code != "insufficient_quota") {
    attempt.retry_after = answer.retry_after;
    return attempt;
  }
  const bool busy = answer.status >= 500 || answer.status == kTooManyRequests;
  std::string hint;
  if (answer.status == 401 || answer.status == 403) {
    hint = "; the key comes from STYLUS_API_KEY or --key-file";
  } else if (answer.status == 404) {
    hint = "; are the URL and the model '" + settings_.model + "' right?";
  } else if (!answer.location.empty()) {
    hint = "; it points to " + std::string(truncate_utf8(repair_utf8(answer.location), 200)) +
           ", and redirects are not followed";
  }
  fail(busy ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument, attempt.problem, hint);
}

Reply HttpClient::ask(const Request& request) {
  BodyStyle style;
  {
    const std::lock_guard lock(mutex_);
    style = style_;
  }
  for (int retry = 0;;) {
    const BodyStyle before = style;
    Attempt result = attempt(request, style);
    if (result.again_at_once) {
      continue;
    }
    if (result.reply) {
      const std::lock_guard lock(mutex_);
      style_ = before;
      return *std::move(result.reply);
    }
    // Most servers go on with a question that nobody waits for any more: asking a slow one again
    // and again makes it slower.
    const int retries = result.slow ? std::min(settings_.retries, 1) : settings_.retries;
    require(retry < retries, ErrorCode::kUnavailable, result.problem, "; given up after ",
            retry + 1, retry == 0 ? " try" : " tries");
    milliseconds wait = wait_before(retry++);
    if (result.retry_after) {
      require(*result.retry_after <= settings_.longest_wait, ErrorCode::kUnavailable,
              result.problem, "; it asks to wait ", result.retry_after->count() / 1000,
              " seconds, more than is waited here");
      wait = std::max(wait, *result.retry_after);
    }
    settings_.sleep(wait);
  }
}

}  // namespace stylus::chat
