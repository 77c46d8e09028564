#pragma once

#include "app/commands/evaluate_options.h"
#include "evaluator/manifest.h"
#include "evaluator/run_folder.h"
#include "evaluator/run_store.h"
#include "support/progress.h"

namespace stylus::app {

/// Which batches of a run are made here: those whose number leaves `index` - 1 when divided by
/// `count`.
struct Shard {
  std::int64_t index = 1, count = 1;
  [[nodiscard]] bool has(std::int64_t batch) const { return batch % count == index - 1; }
};

/// "2/8". Error(kInvalidArgument) for anything else; "" is the whole.
[[nodiscard]] Shard read_shard(const std::string& text);

/// Renders all open pictures of the shard. A batch that fails is tried again picture by picture, as
/// often as the manifest says; what fails then is marked and stops nothing else.
/// Errors: those of a model that cannot be loaded; Error(kCancelled).
void render_run(const GlobalOptions& global, const EvaluateCommand& command,
                const evaluator::Manifest& run, const evaluator::RunFolder& folder,
                evaluator::RunStore& store, const Shard& shard, const ProgressFn& progress);

}  // namespace stylus::app
