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

/// A baseline JPEG without any metadata.
/// Requires: quality in [1, 100] and a picture that is not empty, else Error(kInvalidArgument).
/// Ensures: the same picture and quality -> the same bytes (with one version of the library).
[[nodiscard]] std::string encode_jpeg(const Picture& picture, int quality);

}  // namespace stylus
