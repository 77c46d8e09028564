#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace stylus::generator {

/// The part of a sampling run in which an adapter is on: steps with
/// begin <= step / steps < end. The last step is included when end >= 1.
struct StepWindow {
  double begin = 0;
  double end = 1;
};

/// One factor per adapter on its weight, for a step in [0, steps).
/// Ensures: 1 inside the adapter's window, 0 outside.
[[nodiscard]] std::vector<double> window_multipliers(const std::vector<StepWindow>& windows,
                                                     std::size_t step, std::size_t steps);

/// LoRA-Switch: one adapter at a time. As in its authors' code the turn passes on *after* each step
/// s > 0 with s % period == 0: the first adapter has period + 1 steps, the others period each.
/// Returns one factor per adapter: 1 for the one whose turn it is.
/// Requires: adapters > 0, period > 0. Source: generation-and-evaluation 11.4.
[[nodiscard]] std::vector<double> switch_multipliers(std::size_t adapters, std::size_t step,
                                                     std::size_t period = 5);

/// LoRA-Composite: `adapters` passes per step, pass p with adapter p alone. Row p holds the factors
/// of pass p. The pipeline averages the unconditional and the conditional outputs of the passes
/// separately and guides afterwards. The rows are the masks of LoraEngine::apply_per_image when the
/// passes run as one batch.
[[nodiscard]] std::vector<std::vector<double>> composite_multipliers(std::size_t adapters);

/// Images that share their adapter set, for batches that are merged group by group.
struct ImageGroup {
  std::vector<double> multipliers;  ///< One per adapter.
  std::vector<std::size_t> images;  ///< Rows with exactly these, ascending.
};

/// Groups the rows of a [images x adapters] table by equal content, in order of first appearance.
[[nodiscard]] std::vector<ImageGroup> group_images_by_set(
    const std::vector<std::vector<double>>& rows);

}  // namespace stylus::generator
