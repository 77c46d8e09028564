#pragma once

#include <string>
#include <string_view>

#include "support/text.h"

namespace stylus::weights {

/// A name out of a foreign file as messages show it: in quotes, cut when it is long.
[[nodiscard]] inline std::string shown_name(std::string_view name) {
  constexpr std::size_t kLongest = 200;
  std::string shown = "'";
  shown += truncate_utf8(name, kLongest);
  shown += name.size() > kLongest ? "…'" : "'";
  return shown;
}

}  // namespace stylus::weights
