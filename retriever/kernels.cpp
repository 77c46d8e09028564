#include "retriever/kernels.h"

#include "support/half.h"

namespace stylus::retriever {
namespace {

void dot_half(const std::uint16_t* rows, std::size_t count, const float* queries, std::size_t dim,
              std::size_t lanes, float (*out)[kLanes]) {
  for (std::size_t r = 0; r < count; ++r) {
    float sums[kLanes] = {};
    for (std::size_t d = 0; d < dim; ++d) {
      const float value = from_half(rows[r * dim + d]);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sums[lane] += value * queries[lane * dim + d];
      }
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      out[r][lane] = sums[lane];
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

void estimate(const std::int32_t (*dots)[kLanes], const float* scales, const std::uint32_t* slots,
              std::size_t count, const LaneLines& lines, float (*out)[kLanes],
              std::uint8_t* passed) {
  for (std::size_t i = 0; i < count; ++i) {
    const float scale = scales[slots[i]];
    unsigned mask = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float dot = static_cast<float>(dots[i][lane]) - lines.offset[lane];
      out[i][lane] = lines.base[lane] + lines.slope[lane] * scale * dot;
      mask |= out[i][lane] >= lines.threshold[lane] ? 1U << lane : 0U;
    }
    passed[i] = static_cast<std::uint8_t>(mask);
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

const Kernels kPortableKernels = {"portable", dot_half, dot_codes, estimate};

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
