#include "app/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace stylus::app {

void start_log(const GlobalOptions& global) {
  if (spdlog::get("stylus") == nullptr) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("stylus"));
    spdlog::set_pattern("%^%l:%$ %v");
  }
  spdlog::set_level(global.verbose ? spdlog::level::debug
                    : global.quiet ? spdlog::level::err
                                   : spdlog::level::warn);
}

void log_debug(const std::string& message) { spdlog::debug("{}", message); }
void log_warning(const std::string& message) { spdlog::warn("{}", message); }

}  // namespace stylus::app
