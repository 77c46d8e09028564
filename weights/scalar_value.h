#pragma once

#include "weights/safetensors_file.h"

namespace stylus::weights {

/// The one number of a scalar tensor; NaN when it holds none or its type is not decodable.
[[nodiscard]] double scalar_value(const Tensor& tensor);

}  // namespace stylus::weights
