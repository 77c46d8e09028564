#pragma once

#include <cuda.h>

#include <array>

namespace stylus::nn::cuda {

/// The kernels of kernels.h for one precision on the current card.
struct Kernels {
  CUfunction norm_sums = nullptr;
  CUfunction norm_apply = nullptr;
  CUfunction geglu = nullptr;
  CUfunction merge_low_rank = nullptr;  ///< Null on cards before Ampere.
};

/// Compiles them at the first call per precision (some 0.3 s); null where NVRTC or the driver's
/// library is not there, or refuses. Not thread-safe.
[[nodiscard]] const Kernels* kernels_for(bool is_bfloat16);

/// Starts a kernel on the current stream. False when the driver refuses.
bool launch(CUfunction kernel, std::array<unsigned, 2> grid, unsigned block, unsigned shared_bytes,
            void** arguments);

}  // namespace stylus::nn::cuda
