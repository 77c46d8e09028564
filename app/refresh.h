#pragma once

#include "app/workspace.h"
#include "refiner/embedder.h"
#include "refiner/queue.h"

namespace stylus::app {

/// Describes by rules what changed.
[[nodiscard]] refiner::RulesReport describe_by_rules(const GlobalOptions& global,
                                                     catalog::Catalog& catalog);

/// Encodes what changed and refreshes the search index. `changes`: adapters that changed since
/// the index was made; few are searched from memory, many are worth a new file.
[[nodiscard]] refiner::EmbedReport encode_and_index(const GlobalOptions& global,
                                                    const Locations& locations,
                                                    catalog::Catalog& catalog,
                                                    std::int64_t changes);

}  // namespace stylus::app
