// Compiled with -mavx2 -mfma; see linear_kernels.h.
#ifdef __x86_64__
#include <immintrin.h>

#include "encoder/linear_kernels.h"

namespace stylus::encoder::kernels {
namespace {

// Sixteen of the panel's 32 columns: more sums than that do not fit into the registers.
template <int kRows>
void multiply_half(const float* const* rows, const float* panel, std::size_t inputs, float* out,
                   std::size_t out_stride) {
  __m256 sums[kRows][2];
  const float* row[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    row[r] = rows[r];
    sums[r][0] = _mm256_setzero_ps();
    sums[r][1] = _mm256_setzero_ps();
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    const __m256 low = _mm256_loadu_ps(panel + 32 * i);
    const __m256 high = _mm256_loadu_ps(panel + 32 * i + 8);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m256 x = _mm256_broadcast_ss(row[r] + i);
      sums[r][0] = _mm256_fmadd_ps(x, low, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(x, high, sums[r][1]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    _mm256_storeu_ps(out + static_cast<std::size_t>(r) * out_stride, sums[r][0]);
    _mm256_storeu_ps(out + static_cast<std::size_t>(r) * out_stride + 8, sums[r][1]);
  }
}

using Rows = void (*)(const float* const*, const float*, std::size_t, float*, std::size_t);
constexpr Rows kByCount[kAvx2Rows + 1] = {nullptr,           &multiply_half<1>, &multiply_half<2>,
                                          &multiply_half<3>, &multiply_half<4>, &multiply_half<5>,
                                          &multiply_half<6>};

}  // namespace

void multiply_avx2(const float* const* rows, std::size_t row_count, const float* panel,
                   std::size_t inputs, float* out, std::size_t out_stride) {
  kByCount[row_count](rows, panel, inputs, out, out_stride);
  kByCount[row_count](rows, panel + 16, inputs, out + 16, out_stride);
}

}  // namespace stylus::encoder::kernels
#endif  // __x86_64__
