#pragma once

#include <cstddef>

/// The inner loops of encoder/linear.h, one per instruction set. Each is compiled in a file of its
/// own with its own flags, so these files must include nothing that has inline functions.
namespace stylus::encoder::kernels {

/// Multiplies up to `max_rows` rows by one panel [inputs, 32]; out rows lie `out_stride` apart.
using Kernel = void (*)(const float* const* rows, std::size_t row_count, const float* panel,
                        std::size_t inputs, float* out, std::size_t out_stride);

struct KernelChoice {
  Kernel run;
  std::size_t max_rows;
};

inline constexpr std::size_t kAvx2Rows = 6;
inline constexpr std::size_t kAvx512Rows = 12;

void multiply_avx2(const float* const* rows, std::size_t row_count, const float* panel,
                   std::size_t inputs, float* out, std::size_t out_stride);
void multiply_avx512(const float* const* rows, std::size_t row_count, const float* panel,
                     std::size_t inputs, float* out, std::size_t out_stride);

}  // namespace stylus::encoder::kernels
