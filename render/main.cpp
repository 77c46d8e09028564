// stylus-render: renders one job. `stylus generate` starts it, so that all other verbs run without
// libtorch in the process. The job is read from standard input, events go to standard output
// (docs/formats.md#render-job).

#include <atomic>
#include <csignal>
#include <iostream>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "render/run_job.h"
#include "render/series.h"
#include "support/json.h"

namespace {

std::atomic<bool> cancelled = false;

/// Series hold thousands of plans.
constexpr stylus::JsonLimits kLimits = {std::size_t{512} << 20U, 64, false};

void on_signal(int) { cancelled = true; }

}  // namespace

int main(int argc, char**) {
  using stylus::ErrorCode;
  if (argc > 1) {
    std::cerr << "stylus-render reads a job from standard input and takes no arguments; people "
                 "want `stylus generate --help`\n";
    return 64;
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  stylus::render::Events events(std::cout);
  try {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    const nlohmann::json root = stylus::parse_json(text, "the render job", kLimits);
    if (root.is_object() && root.contains("batches")) {
      stylus::render::run_series(stylus::render::read_series(root), events, cancelled);
    } else {
      stylus::render::run_job(stylus::render::read_job(text), events, cancelled);
    }
    return 0;
  } catch (const stylus::Error& error) {
    events.error(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    events.error(ErrorCode::kUnavailable, "there is not enough memory for this");
  } catch (const std::exception& error) {
    events.error(ErrorCode::kUnavailable,
                 std::string("the renderer failed, please report it: ") + error.what());
  }
  return 1;
}
