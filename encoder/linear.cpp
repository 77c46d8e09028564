#include "encoder/linear.h"

#include <algorithm>
#include <cmath>

#include "encoder/linear_kernels.h"

namespace stylus::encoder {
namespace {

constexpr std::size_t kPortableRows = 4;

float multiply_add(float a, float b, float c) {
#ifdef FP_FAST_FMAF
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

void multiply_portable(const float* const* rows, std::size_t row_count, const float* panel,
                       std::size_t inputs, float* out, std::size_t out_stride) {
  for (std::size_t r = 0; r < row_count; ++r) {
    float sums[kPanelWidth] = {};
    for (std::size_t i = 0; i < inputs; ++i) {
      const float x = rows[r][i];
      for (std::size_t c = 0; c < kPanelWidth; ++c) {
        sums[c] = multiply_add(x, panel[i * kPanelWidth + c], sums[c]);
      }
    }
    std::copy_n(sums, kPanelWidth, out + r * out_stride);
  }
}

kernels::KernelChoice kernel_for(Instructions instructions) {
#ifdef __x86_64__
  switch (instructions) {
    case Instructions::kAvx512:
      return {kernels::multiply_avx512, kernels::kAvx512Rows};
    case Instructions::kAvx2:
      return {kernels::multiply_avx2, kernels::kAvx2Rows};
    case Instructions::kPortable:
      break;
  }
#else
  (void)instructions;
#endif
  return {multiply_portable, kPortableRows};
}

}  // namespace

Instructions best_instructions() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") != 0) {
    return Instructions::kAvx512;
  }
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    return Instructions::kAvx2;
  }
#endif
  return Instructions::kPortable;
}

void multiply_with(Instructions instructions, std::span<const float* const> rows,
                   const PackedMatrix& matrix, float* out, std::size_t out_stride) {
  const kernels::KernelChoice kernel = kernel_for(instructions);
  // A panel stays in the core's cache while all rows pass by it.
  for (std::size_t column = 0; column < matrix.outputs; column += kPanelWidth) {
    const float* panel = matrix.panels + column * matrix.inputs;
    for (std::size_t n = 0; n < rows.size(); n += kernel.max_rows) {
      const std::size_t count = std::min(kernel.max_rows, rows.size() - n);
      kernel.run(rows.data() + n, count, panel, matrix.inputs, out + n * out_stride + column,
                 out_stride);
    }
  }
}

void multiply(std::span<const float* const> rows, const PackedMatrix& matrix, float* out,
              std::size_t out_stride) {
  static const Instructions kBest = best_instructions();
  multiply_with(kBest, rows, matrix, out, out_stride);
}

}  // namespace stylus::encoder
