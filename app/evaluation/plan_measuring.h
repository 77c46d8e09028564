#pragma once

#include "app/commands/evaluate_options.h"

namespace stylus::app {

/// Measures the plans of --plans against those of --reference-plans and prints or writes how far
/// they agree; the ceilings are those of the catalogue at hand. No picture is made or read.
/// Returns an exit status. Errors: those of reading plans.
int measure_plans(const GlobalOptions& global, const EvaluateCommand& command);

}  // namespace stylus::app
