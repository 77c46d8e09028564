#pragma once

#include "app/commands/evaluate_options.h"
#include "app/evaluation/shards.h"
#include "evaluator/manifest.h"
#include "evaluator/run_folder.h"
#include "evaluator/run_lock.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// The content of the models that paint a run, by the manifest's names; settings beside a single
/// file ("NAME settings") decide pictures too.
/// Errors: those of finding and reading them.
[[nodiscard]] std::vector<evaluator::ContentId> painting_models(const GlobalOptions& global,
                                                                const evaluator::Manifest& run);

/// Renders all open pictures of the shard. A batch that fails is tried again picture by picture, as
/// often as the manifest says; what fails then is marked and stops nothing else.
/// Errors: those of a model that cannot be loaded; Error(kCancelled).
void render_run(const GlobalOptions& global, const EvaluateCommand& command,
                const evaluator::Manifest& run, const evaluator::RunFolder& folder,
                evaluator::RunStore& store, const Shard& shard, const ProgressFn& progress);

}  // namespace stylus::app
