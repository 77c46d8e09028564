#pragma once

#include <string>

#include "app/options.h"

namespace stylus::app {

/// Diagnostics on standard error (spdlog behind it): warnings always except with --quiet, debug
/// lines with --verbose.
void start_log(const GlobalOptions& global);
void log_debug(const std::string& message);
void log_warning(const std::string& message);

}  // namespace stylus::app
