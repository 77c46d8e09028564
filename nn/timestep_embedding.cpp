#include "nn/timestep_embedding.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>

#include <array>
#include <cmath>

namespace stylus::nn {

at::Tensor timestep_embedding(const at::Tensor& values, std::int64_t width, bool flip_sin_to_cos,
                              double freq_shift) {
  const std::int64_t half = width / 2;
  // The order of the operations is that of the reference: at step 999 one rounding of a frequency
  // is already 1e-4 of a turn.
  const at::Tensor frequencies = at::arange(half, values.options().dtype(at::kFloat))
                                     .mul_(-std::log(10000.0))
                                     .div_(static_cast<double>(half) - freq_shift)
                                     .exp_();
  const at::Tensor angles =
      values.reshape({-1, 1}).to(at::kFloat).mul(frequencies.unsqueeze(0));  // [N, half]
  const at::Tensor sine = angles.sin();
  const at::Tensor cosine = angles.cos();
  const at::Tensor both =
      flip_sin_to_cos ? at::cat({cosine, sine}, -1) : at::cat({sine, cosine}, -1);
  return width % 2 == 1 ? at::constant_pad_nd(both, std::array<std::int64_t, 2>{0, 1}) : both;
}

}  // namespace stylus::nn
