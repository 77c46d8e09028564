#pragma once

#include <string>
#include <string_view>

#include "support/picture.h"

namespace stylus {

/// True if the bytes begin as a JPEG file does.
[[nodiscard]] bool is_jpeg(std::string_view bytes);

/// Baseline and progressive JPEG, grey or colour (CMYK is Error(kUnsupported)).
/// Errors and limits: see decode_picture.
[[nodiscard]] Picture decode_jpeg(std::string_view bytes, const std::string& what);

}  // namespace stylus
