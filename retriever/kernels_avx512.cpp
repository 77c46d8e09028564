// Compiled with AVX-512 F, BW, VL and VNNI; called only after a check at run time. No header but
// intrinsics and our plain declarations: an inline function of the standard library compiled here
// could be the copy that the linker keeps for everybody.
#include <immintrin.h>

#include "retriever/kernels.h"

namespace stylus::retriever {
namespace {

/// Two chains of sums a lane hide the latency of the multiply-add.
template <int kCount>
void dot_half_lanes(const std::uint16_t* row, const float* queries, std::size_t dim, float* out) {
  __m512 even[kCount];
  __m512 odd[kCount];
  for (int lane = 0; lane < kCount; ++lane) {
    even[lane] = _mm512_setzero_ps();
    odd[lane] = _mm512_setzero_ps();
  }
  std::size_t d = 0;
  for (; d + 32 <= dim; d += 32) {
    const __m512 first =
        _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + d)));
    const __m512 second =
        _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + d + 16)));
    for (int lane = 0; lane < kCount; ++lane) {
      const float* query = queries + static_cast<std::size_t>(lane) * dim + d;
      even[lane] = _mm512_fmadd_ps(first, _mm512_loadu_ps(query), even[lane]);
      odd[lane] = _mm512_fmadd_ps(second, _mm512_loadu_ps(query + 16), odd[lane]);
    }
  }
  for (; d < dim; d += 16) {
    const std::size_t left = dim - d < 16 ? dim - d : 16;
    const auto mask = static_cast<__mmask16>((1U << left) - 1U);
    const __m512 values = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, row + d));
    for (int lane = 0; lane < kCount; ++lane) {
      const float* query = queries + static_cast<std::size_t>(lane) * dim + d;
      even[lane] = _mm512_fmadd_ps(values, _mm512_maskz_loadu_ps(mask, query), even[lane]);
    }
  }
  for (int lane = 0; lane < kCount; ++lane) {
    out[lane] = _mm512_reduce_add_ps(_mm512_add_ps(even[lane], odd[lane]));
  }
}

void dot_half(const std::uint16_t* row, const float* queries, std::size_t dim, std::size_t lanes,
              float* out) {
  for (; lanes >= 8; lanes -= 8, queries += 8 * dim, out += 8) {
    dot_half_lanes<8>(row, queries, dim, out);
  }
  for (; lanes >= 4; lanes -= 4, queries += 4 * dim, out += 4) {
    dot_half_lanes<4>(row, queries, dim, out);
  }
  for (; lanes >= 2; lanes -= 2, queries += 2 * dim, out += 2) {
    dot_half_lanes<2>(row, queries, dim, out);
  }
  if (lanes == 1) {
    dot_half_lanes<1>(row, queries, dim, out);
  }
}

/// The four sums of four registers of sixteen numbers.
__m128i sums_of(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  const __m512i abcd =
      _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  const __m256i half =
      _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

void dot_codes(const std::uint8_t* codes, const std::uint32_t* slots, std::size_t count,
               const CodeQueries& queries, std::size_t lanes, std::int32_t (*out)[kLanes]) {
  const __m512i low_half = _mm512_set1_epi8(15);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* code = codes + std::size_t{slots[i]} * kCodeBytes;
    const __m512i first = _mm512_loadu_si512(code);
    const __m512i second = _mm512_loadu_si512(code + 64);
    const __m512i low[2] = {_mm512_and_si512(first, low_half), _mm512_and_si512(second, low_half)};
    const __m512i high[2] = {_mm512_and_si512(_mm512_srli_epi16(first, 4), low_half),
                             _mm512_and_si512(_mm512_srli_epi16(second, 4), low_half)};
    for (std::size_t group = 0; group < lanes; group += 4) {
      __m512i sum[4];
      for (std::size_t l = 0; l < 4; ++l) {
        const std::int8_t* query = queries.values[group + l];
        sum[l] =
            _mm512_dpbusd_epi32(_mm512_setzero_si512(), low[0], _mm512_load_si512(query));
        sum[l] = _mm512_dpbusd_epi32(sum[l], low[1], _mm512_load_si512(query + 64));
        sum[l] = _mm512_dpbusd_epi32(sum[l], high[0], _mm512_load_si512(query + 128));
        sum[l] = _mm512_dpbusd_epi32(sum[l], high[1], _mm512_load_si512(query + 192));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out[i] + group),
                       sums_of(sum[0], sum[1], sum[2], sum[3]));
    }
  }
}

}  // namespace

const Kernels kAvx512Kernels = {"avx512", dot_half, dot_codes};

}  // namespace stylus::retriever
