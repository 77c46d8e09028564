#pragma once

#include <cstdint>

#include "support/picture.h"

namespace stylus {

/// The picture made smaller so that neither side is longer than `side` pixels; the mean over the
/// area that each new pixel covers. A picture that fits already comes back as it is.
///
/// Requires: side > 0 and a picture that is not empty, else Error(kInvalidArgument).
/// Cost: linear in the pixels of the old picture.
[[nodiscard]] Picture scaled_to_fit(const Picture& picture, std::int64_t side);

}  // namespace stylus
