#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::catalog {

/// All category slugs, in the order that people are shown.
[[nodiscard]] std::span<const std::string_view> category_names();

/// What an adapter shows, by rule from its tags and texts: "style", "character", … Several are
/// possible, none too; in the order of category_names().
///
/// A tag that is a category word decides ("buildings", "poses"); only where no tag does, words of
/// the name, the triggers and the beginning of the description are looked at.
/// Cost: linear in the texts.
[[nodiscard]] std::vector<std::string> categories_of(std::string_view name,
                                                     const std::vector<std::string>& tags,
                                                     const std::vector<std::string>& triggers,
                                                     std::string_view description);

}  // namespace stylus::catalog
