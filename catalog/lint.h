#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "support/progress.h"

namespace stylus::catalog {

enum class LintRule {
  kNoDescription,
  kNoTrigger,
  kGenericTrigger,     ///< All its triggers fire for many adapters or mean nothing special.
  kBaseContradiction,  ///< The card's base family is not among those that the tensors allow.
  kNoBase,
  kWeightOutOfRange,     ///< The recommended weight is 0 or beyond [-2, 2].
  kWeightContradiction,  ///< The weight in force lies outside what text or example prompts say.
  kTextContradiction,    ///< Name and tags, or name and base, speak of different things.
  kMissingFile,
  kBrokenFile,  ///< It cannot be read any more, or is another file than at the import.
  kUnrated,
  kDuplicate,      ///< See duplicates().
  kSameDirection,  ///< Another file's update points the same way.
};

[[nodiscard]] std::string_view lint_rule_name(LintRule rule);  ///< "no_description", …

/// Something about one adapter that its maintainer may want to mend.
struct LintFinding {
  LintRule rule{};
  AdapterRow row = 0;
  std::string message;  ///< For people, with the facts: "trigger '1girl' fires for 412 adapters".
};

struct LintOptions {
  /// A trigger that this many adapters share is no evidence for any of them.
  std::int64_t generic_from = 10;
  /// So far may a weight lie outside the range that its card gives.
  double weight_tolerance = 0.2;
  /// Open every adapter file: find broken ones and updates of the same direction.
  bool files = false;
  ProgressFn progress{};
};

/// All findings, by row and then by rule.
/// Cost: one pass over the catalogue and duplicates(); with `files` one over all adapter files, and
/// 256 multiply-adds for each pair of files of one base family.
[[nodiscard]] std::vector<LintFinding> lint(const Catalog& catalog,
                                            const LintOptions& options = {});

}  // namespace stylus::catalog
