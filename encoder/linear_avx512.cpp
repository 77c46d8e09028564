// Compiled with -mavx512f; see linear_kernels.h.
#ifdef __x86_64__
#include <immintrin.h>

#include "encoder/linear_kernels.h"

namespace stylus::encoder::kernels {
namespace {

template <int kRows>
void multiply_rows(const float* const* rows, const float* panel, std::size_t inputs, float* out,
                   std::size_t out_stride) {
  __m512 sums[kRows][2];
  const float* row[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    row[r] = rows[r];
    sums[r][0] = _mm512_setzero_ps();
    sums[r][1] = _mm512_setzero_ps();
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    const __m512 low = _mm512_loadu_ps(panel + 32 * i);
    const __m512 high = _mm512_loadu_ps(panel + 32 * i + 16);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const __m512 x = _mm512_set1_ps(row[r][i]);
      sums[r][0] = _mm512_fmadd_ps(x, low, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(x, high, sums[r][1]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    _mm512_storeu_ps(out + static_cast<std::size_t>(r) * out_stride, sums[r][0]);
    _mm512_storeu_ps(out + static_cast<std::size_t>(r) * out_stride + 16, sums[r][1]);
  }
}

using Rows = void (*)(const float* const*, const float*, std::size_t, float*, std::size_t);
constexpr Rows kByCount[kAvx512Rows + 1] = {
    nullptr,           &multiply_rows<1>, &multiply_rows<2>,  &multiply_rows<3>,
    &multiply_rows<4>, &multiply_rows<5>, &multiply_rows<6>,  &multiply_rows<7>,
    &multiply_rows<8>, &multiply_rows<9>, &multiply_rows<10>, &multiply_rows<11>,
    &multiply_rows<12>};

}  // namespace

void multiply_avx512(const float* const* rows, std::size_t row_count, const float* panel,
                     std::size_t inputs, float* out, std::size_t out_stride) {
  kByCount[row_count](rows, panel, inputs, out, out_stride);
}

}  // namespace stylus::encoder::kernels
#endif  // __x86_64__
