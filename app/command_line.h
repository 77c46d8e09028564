#pragma once

#include "app/options.h"

namespace stylus::app {

/// Reads the command line and runs the verb. The only place that knows CLI11.
/// Returns the exit status; errors of the verb leave as exceptions, wrong usage is reported here.
int run_command_line(int argc, char** argv, GlobalOptions& global);

}  // namespace stylus::app
