// Compiled with AVX2, FMA and F16C; called only after a check at run time. No header but
// intrinsics and our plain declarations (see kernels_avx512.cpp).
#include <immintrin.h>

#include "retriever/kernels.h"

namespace stylus::retriever {
namespace {

float sum_of(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  half = _mm_add_ss(half, _mm_movehdup_ps(half));
  return _mm_cvtss_f32(half);
}

template <int kCount>
void dot_half_lanes(const std::uint16_t* row, const float* queries, std::size_t dim, float* out) {
  __m256 even[kCount];
  __m256 odd[kCount];
  for (int lane = 0; lane < kCount; ++lane) {
    even[lane] = _mm256_setzero_ps();
    odd[lane] = _mm256_setzero_ps();
  }
  std::size_t d = 0;
  for (; d + 16 <= dim; d += 16) {
    const __m256 first = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + d)));
    const __m256 second =
        _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + d + 8)));
    for (int lane = 0; lane < kCount; ++lane) {
      const float* query = queries + static_cast<std::size_t>(lane) * dim + d;
      even[lane] = _mm256_fmadd_ps(first, _mm256_loadu_ps(query), even[lane]);
      odd[lane] = _mm256_fmadd_ps(second, _mm256_loadu_ps(query + 8), odd[lane]);
    }
  }
  for (int lane = 0; lane < kCount; ++lane) {
    float sum = sum_of(_mm256_add_ps(even[lane], odd[lane]));
    const float* query = queries + static_cast<std::size_t>(lane) * dim;
    for (std::size_t rest = d; rest < dim; ++rest) {
      sum += _cvtsh_ss(row[rest]) * query[rest];
    }
    out[lane] = sum;
  }
}

void dot_half(const std::uint16_t* row, const float* queries, std::size_t dim, std::size_t lanes,
              float* out) {
  for (; lanes >= 4; lanes -= 4, queries += 4 * dim, out += 4) {
    dot_half_lanes<4>(row, queries, dim, out);
  }
  for (; lanes >= 1; --lanes, queries += dim, ++out) {
    dot_half_lanes<1>(row, queries, dim, out);
  }
}

void dot_codes(const std::uint8_t* codes, const std::uint32_t* slots, std::size_t count,
               const CodeQueries& queries, std::size_t lanes, std::int32_t (*out)[kLanes]) {
  const __m256i low_half = _mm256_set1_epi8(15);
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* code = codes + std::size_t{slots[i]} * kCodeBytes;
    __m256i low[4];
    __m256i high[4];
    for (int part = 0; part < 4; ++part) {
      const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(code + 32 * part));
      low[part] = _mm256_and_si256(both, low_half);
      high[part] = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_half);
    }
    const std::size_t written = (lanes + 3) / 4 * 4;
    for (std::size_t lane = 0; lane < written; ++lane) {
      const auto* query = reinterpret_cast<const __m256i*>(queries.values[lane]);
      // Eight products pairs of at most 2 * 15 * 128 fit 16 bits: 30,720 < 32,768.
      __m256i sum = _mm256_setzero_si256();
      for (int part = 0; part < 4; ++part) {
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(low[part], query[part]));
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(high[part], query[part + 4]));
      }
      const __m256i wide = _mm256_madd_epi16(sum, ones);
      __m128i total =
          _mm_add_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
      total = _mm_add_epi32(total, _mm_shuffle_epi32(total, 0x4E));
      total = _mm_add_epi32(total, _mm_shuffle_epi32(total, 0xB1));
      out[i][lane] = _mm_cvtsi128_si32(total);
    }
  }
}

}  // namespace

const Kernels kAvx2Kernels = {"avx2", dot_half, dot_codes};

}  // namespace stylus::retriever
