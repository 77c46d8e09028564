#include "generator/lora/low_rank_kernel.h"

#include <algorithm>
#if defined(STYLUS_X86_KERNELS)
#include <cpuid.h>
#endif

namespace stylus::generator {

#if defined(STYLUS_X86_KERNELS)
namespace {

/// __builtin_cpu_supports("f16c"), which clang does not know before 16.
bool has_f16c() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace
#endif

LowRankKernel low_rank_kernel() {
#if defined(STYLUS_X86_KERNELS)
  static const LowRankKernel kernel = [] {
    if (__builtin_cpu_supports("avx512f") != 0) {
      return &low_rank_avx512;
    }
    if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && has_f16c()) {
      return &low_rank_avx2;
    }
    return LowRankKernel{};
  }();
  return kernel;
#else
  return nullptr;
#endif
}

void pack_down(const float* down, std::size_t rank, std::size_t columns, float* packed) {
  for (std::size_t begin = 0; begin < columns; begin += kPanelColumns) {
    for (std::size_t k = 0; k < rank; ++k) {
      packed = std::copy_n(down + k * columns + begin, kPanelColumns, packed);
    }
  }
}

}  // namespace stylus::generator
