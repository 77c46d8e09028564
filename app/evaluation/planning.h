#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "app/commands/evaluate_options.h"
#include "app/models.h"
#include "composer/plan.h"
#include "evaluator/manifest.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// Plans every prompt of a run with every method; plans that the store has already stay. A prompt
/// that cannot be planned is stored with its error and stops nothing else.
///
/// Ensures: the same catalogue and manifest -> the same plans.
/// Errors: Error(kNotFound) for models, plan files or a catalogue that are not there.
void plan_run(const GlobalOptions& global, const EvaluateCommand& command,
              const evaluator::Manifest& run, evaluator::RunStore& store,
              const ProgressFn& progress);

/// The plans of a file of JSON lines, by id. Errors: see plan_from_json; Error(kCorruptData) for
/// a plan without an id.
[[nodiscard]] std::map<std::string, composer::Plan> read_plans(const std::filesystem::path& file);

/// The model of that name or path with its base family; see find_model.
[[nodiscard]] Model model_of_run(const Locations& locations, const std::string& name);

}  // namespace stylus::app
