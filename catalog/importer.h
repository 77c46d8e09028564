#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "support/progress.h"

namespace stylus::catalog {

struct ImportOptions {
  bool dry_run = false;         ///< Read and check everything, store nothing.
  bool example_prompts = true;  ///< Keep the cards' example prompts.
  bool compute_norms = true;    ///< Read tensor bytes of new files for their norms.
  ProgressFn progress{};        ///< May be empty.
};

/// A card or file that was not stored, and why.
struct Refusal {
  std::string source;  ///< "cards.jsonl:17" or a path.
  std::string reason;
};

struct ImportReport {
  std::int64_t seen = 0;  ///< Cards and adapter files looked at.
  std::int64_t added = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  std::int64_t duplicates = 0;  ///< Further places of an adapter that is already there.
  std::int64_t missing = 0;     ///< Places newly marked missing.
  std::int64_t ignored = 0;     ///< Other files in folders, which fit no pattern.
  std::vector<Refusal>
      refused;  ///< seen = added + changed + unchanged + duplicates + refused.size()
};

/// Imports folders (recursively), single adapter files and card lists (*.jsonl).
///
/// Stores in small transactions, so that a kill at any moment loses at most the batch in flight
/// and the next import goes on; the result does not depend on interruptions. A bad card or file
/// is refused with its reason and stops nothing else.
/// Requires: every path exists, else Error(kNotFound) before anything is stored.
[[nodiscard]] ImportReport import_paths(Catalog& catalog,
                                        const std::vector<std::filesystem::path>& paths,
                                        const ImportOptions& options);

}  // namespace stylus::catalog
