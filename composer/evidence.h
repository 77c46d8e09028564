#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "composer/plan.h"
#include "composer/proposals.h"

namespace stylus::composer {

/// What of a card speaks for a query, strongest first: the phrase that names the adapter, its name,
/// tags, triggers and description as far as they share words with the query, and "meaning" with
/// the cosine when no word does.
///
/// "storm at sea" against "Sea Storm Light" -> {"name", "Sea Storm Light"}
/// Ensures: at least one entry; a matched field once.
[[nodiscard]] std::vector<Evidence> evidence_for(std::string_view query,
                                                 const catalog::Adapter& adapter,
                                                 const retriever::NamedAdapter* named,
                                                 double cosine);

/// Stems of `query` that name, tags or triggers of the card hold too; of the query's words only
/// those that tell much, unless none does.
[[nodiscard]] std::set<std::string> shared_stems(std::string_view query,
                                                 const catalog::Adapter& adapter);

}  // namespace stylus::composer
