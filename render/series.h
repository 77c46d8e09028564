#pragma once

#include <atomic>
#include <nlohmann/json.hpp>
#include <vector>

#include "render/events.h"
#include "render/job.h"

namespace stylus::render {

/// Many pictures with prompts, adapters and seeds of their own, out of one loaded model: what
/// evaluation runs ask for. Format: docs/formats.md#render-job, "batches".
struct Series {
  Job base;                 ///< The model and how to open it.
  nlohmann::json settings;  ///< Of every batch that does not say otherwise.
  nlohmann::json batches;   ///< A list of objects, each read when its turn comes.
};

/// Pictures that run together. Which pictures share a pass is part of the answer's last bits.
struct SeriesPass {
  Job job;                    ///< Settings, and one request for all pictures of the pass.
  std::vector<Job> pictures;  ///< Plan, metadata and output file of each.
};

/// One batch: a pass for each set of textual inversions, which are words of all prompts of a pass.
/// Requires: pictures with plans of one image each and one negative prompt, else
///           Error(kCorruptData, kInvalidArgument); files of the adapters, else Error(kNotFound).
[[nodiscard]] std::vector<SeriesPass> read_batch(const nlohmann::json& settings,
                                                 const nlohmann::json& batch);

/// Requires: a job with "batches" within the documented ranges, else Error(kCorruptData).
[[nodiscard]] Series read_series(const nlohmann::json& root);

/// Loads the model once and renders batch after batch. A batch that fails is reported (event
/// "batch" with an error) and the next one goes on; errors of the model itself end the series.
/// Errors: Error(kCancelled) between steps; those of loading the model.
void run_series(const Series& series, Events& events, const std::atomic<bool>& cancelled);

}  // namespace stylus::render
