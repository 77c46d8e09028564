#include "retriever/kernels.h"

#include "retriever/half.h"

namespace stylus::retriever {
namespace {

void dot_half(const std::uint16_t* row, const float* queries, std::size_t dim, std::size_t lanes,
              float* out) {
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    out[lane] = 0;
  }
  for (std::size_t d = 0; d < dim; ++d) {
    const float value = float_of_half(row[d]);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      out[lane] += value * queries[lane * dim + d];
    }
  }
}

void dot_codes(const std::uint8_t* codes, const std::uint32_t* slots, std::size_t count,
               const CodeQueries& queries, std::size_t lanes, std::int32_t (*out)[kLanes]) {
  const std::size_t written = (lanes + 3) / 4 * 4;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* code = codes + std::size_t{slots[i]} * kCodeBytes;
    for (std::size_t lane = 0; lane < written; ++lane) {
      const std::int8_t* query = queries.values[lane];
      std::int32_t sum = 0;
      for (std::size_t d = 0; d < kCodeBytes; ++d) {
        sum += (code[d] & 15) * query[d] + (code[d] >> 4) * query[kCodeBytes + d];
      }
      out[i][lane] = sum;
    }
  }
}

const Kernels& choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    return kAvx512Kernels;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return kAvx2Kernels;
  }
#endif
  return kPortableKernels;
}

}  // namespace

const Kernels kPortableKernels = {"portable", dot_half, dot_codes};

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

std::vector<const Kernels*> usable_kernels() {
  std::vector<const Kernels*> usable = {&kPortableKernels};
#if defined(__x86_64__)
  const Kernels* best = &kernels();
  if (best == &kAvx512Kernels) {
    usable.push_back(&kAvx2Kernels);  // every processor with these has AVX2, FMA and F16C
  }
  if (best != &kPortableKernels) {
    usable.push_back(best);
  }
#endif
  return usable;
}

}  // namespace stylus::retriever
