#pragma once

#include <vector>

#include "catalog/lint.h"

namespace stylus::catalog {

/// The findings that need the adapter files themselves: broken ones, and updates whose directions
/// agree (cosine of at least 0.9; the same training told twice, or a later step of one).
[[nodiscard]] std::vector<LintFinding> lint_files(const Catalog& catalog,
                                                  const ProgressFn& progress);

}  // namespace stylus::catalog
