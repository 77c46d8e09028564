#pragma once

#include "app/models.h"
#include "app/options.h"
#include "evaluator/manifest.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// Plans every prompt of a run with every method; plans that the store has already stay. A prompt
/// that cannot be planned is stored with its error and stops nothing else.
///
/// Ensures: the same catalogue and manifest -> the same plans.
/// Errors: Error(kNotFound) for models, plan files or a catalogue that are not there.
void plan_run(const GlobalOptions& global, const evaluator::Manifest& run,
              evaluator::RunStore& store, const ProgressFn& progress);

/// The model of that name or path with its base family; see find_model.
[[nodiscard]] Model model_of_run(const Locations& locations, const std::string& name);

}  // namespace stylus::app
