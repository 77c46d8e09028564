#pragma once

#include <vector>

#include "evaluator/figures.h"

namespace stylus::evaluator {

/// Every pair of methods of one model, for each guidance and, with several of them, for the mean
/// over all guidance values; the plainer one (base, random, top-k) comes second. Once by CLIP score
/// and once by keyword presence, where they were measured. Paired by prompt: a prompt that one of
/// both lacks anywhere is left out. Holm's correction runs over all comparisons of a metric, single
/// guidance values and means apart.
[[nodiscard]] std::vector<Comparison> compare_methods(const Manifest& manifest,
                                                      const std::vector<GroupFigures>& groups);

}  // namespace stylus::evaluator
