#pragma once

#include <string_view>

namespace stylus::composer {

/// The files of composer/data, built into the program (embedded_data.cpp.in).
[[nodiscard]] std::string_view embedded_common_words();
[[nodiscard]] std::string_view embedded_parameters();

}  // namespace stylus::composer
