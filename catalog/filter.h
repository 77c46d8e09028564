#pragma once

#include <string>
#include <vector>

#include "catalog/adapter_set.h"

namespace stylus::catalog {

/// What may be chosen at all. The same on every verb (design 4.1). Filters act before ranking.
struct Filter {
  std::string base{};               ///< Base family slug; "" = any.
  bool allow_nsfw = false;          ///< Adult adapters too.
  bool allow_unrated = false;       ///< Adapters without any rating too.
  bool allow_people = false;        ///< Real persons, and characters that the prompt does not name.
  std::string licence{};            ///< "commercial": the card allows selling images; "" = any.
  std::string folder{};             ///< Only adapters with a place under this folder.
  std::vector<std::string> tags{};  ///< All of them, case-insensitive.
  bool only_installed = false;      ///< At least one place that is not missing.
  std::vector<std::string> blocked{};  ///< Adapter ids to leave out, besides the user's own blocks.
  std::vector<std::string> kinds{};    ///< Empty = any.

  [[nodiscard]] bool operator==(const Filter&) const = default;
};

/// A filter compiled against one revision of the catalogue.
struct CompiledFilter {
  AdapterSet allowed;  ///< May be ranked for any query.
  /// Characters: pass the filter otherwise, but may be ranked only when the prompt names them.
  /// Empty with allow_people (they are in `allowed` then). Real persons are in neither set unless
  /// allow_people is set.
  AdapterSet only_if_named;
};

}  // namespace stylus::catalog
