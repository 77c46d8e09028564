#pragma once

#include <string>
#include <vector>

#include "evaluator/figures.h"

namespace stylus::evaluator {

/// Plans and pictures that could not be made, one sentence each.
[[nodiscard]] std::vector<std::string> failures_of(const RunResults& results);

/// What a reader must know before believing the figures: small or unequal numbers, plans that
/// are not the method's own, best of n, cut prompts, open pictures. `figures` has its groups and
/// failures.
[[nodiscard]] std::vector<std::string> warnings_of(const RunResults& results,
                                                   const Figures& figures);

}  // namespace stylus::evaluator
