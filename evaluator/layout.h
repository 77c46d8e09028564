#pragma once

#include <vector>

#include "evaluator/manifest.h"
#include "evaluator/run_store.h"

namespace stylus::evaluator {

/// A run's items, and the pictures that they need, in batches.
struct Layout {
  std::vector<RunItem> items;
  std::vector<PictureTask> pictures;
};

/// Items in the order model, guidance, method, prompt, image; equal pictures once (a method that
/// chose no adapter shares the base's picture). Pictures of one model and guidance are ordered by
/// their adapters, then cut into batches, so that a batch holds few adapters and its content
/// depends on the plans alone, not on what is done already.
/// Items whose plan failed are left out.
/// Requires: plans of every model, method and prompt of the manifest.
[[nodiscard]] Layout lay_out(const Manifest& manifest, const std::vector<StoredPlan>& plans);

}  // namespace stylus::evaluator
