#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/database.h"
#include "catalog/refinement.h"

namespace stylus::catalog {

/// As refinement_of(), for the other files of this room.
[[nodiscard]] std::optional<Refinement> standing_refinement(Database& database, AdapterRow row);

/// Trigger groups in one column: groups apart by U+001E, label ("-" for none) and phrases by
/// U+001F.
[[nodiscard]] std::string pack_groups(const std::vector<TriggerGroup>& groups);
[[nodiscard]] std::vector<TriggerGroup> unpack_groups(std::string_view packed);

}  // namespace stylus::catalog
