#pragma once

#include <string_view>

namespace stylus {

/// The entity that stands for one of the five characters with a meaning in HTML and SVG, in texts
/// and in attributes: "&amp;" for '&'. Empty for every other character.
[[nodiscard]] std::string_view html_entity(char letter);

}  // namespace stylus
