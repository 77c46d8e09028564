#pragma once

#include "app/commands/evaluate_options.h"
#include "evaluator/figures.h"
#include "evaluator/run_folder.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// Everything that a run has made, with the feature rows of its pictures and prompts. Rows that are
/// in the folder already are read, others are made by `stylus-evaluate`.
/// Errors: those of the metric models.
[[nodiscard]] evaluator::RunResults gather_results(const GlobalOptions& global,
                                                   const EvaluateCommand& command,
                                                   const evaluator::Manifest& run,
                                                   const evaluator::RunFolder& folder,
                                                   const evaluator::RunStore& store,
                                                   const ProgressFn& progress);

}  // namespace stylus::app
