// stylus-evaluate: turns pictures and texts into feature rows. `stylus evaluate` starts it, so that
// libtorch stays out of its process (docs/decisions/015). The job is read from standard input,
// events go to standard output (docs/formats.md#feature-job).

#include <atomic>
#include <csignal>
#include <iostream>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "evaluator/towers/feature_job.h"
#include "support/error.h"

namespace {

std::atomic<bool> cancelled = false;

void on_signal(int) { cancelled = true; }

int report(stylus::ErrorCode code, const std::string& message) {
  const nlohmann::ordered_json event = {
      {"event", "error"}, {"code", stylus::error_name(code)}, {"message", message}};
  std::cout << event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n'
            << std::flush;
  return 1;
}

}  // namespace

int main(int argc, char**) {
  using stylus::ErrorCode;
  if (argc > 1) {
    std::cerr << "stylus-evaluate reads a job from standard input and takes no arguments; people "
                 "want `stylus evaluate --help`\n";
    return 64;
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    stylus::evaluator::run_feature_job(stylus::evaluator::read_feature_job(text), std::cout,
                                       cancelled);
    return 0;
  } catch (const stylus::Error& error) {
    return report(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(ErrorCode::kUnavailable, "there is not enough memory for this");
  } catch (const std::exception& error) {
    return report(ErrorCode::kUnavailable,
                  std::string("measuring failed, please report it: ") + error.what());
  }
}
