#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace stylus::nn {

/// Sine and cosine of each value at width/2 frequencies: [N] -> [N, width], fp32, on the values'
/// device. frequency i = exp(-ln(10000) i / (width/2 - freq_shift)).
/// flip_sin_to_cos: cosines first. An odd width ends with a zero.
/// Source: diffusers' get_timestep_embedding.
[[nodiscard]] at::Tensor timestep_embedding(const at::Tensor& values, std::int64_t width,
                                            bool flip_sin_to_cos, double freq_shift);

}  // namespace stylus::nn
