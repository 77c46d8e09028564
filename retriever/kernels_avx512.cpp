// Compiled with AVX-512 F, BW, VL and VNNI; called only after a check at run time. No header but
// intrinsics and our plain declarations: an inline function of the standard library compiled here
// could be the copy that the linker keeps for everybody.
#include <immintrin.h>

#include "retriever/kernels.h"

namespace stylus::retriever {
namespace {

/// One chain of sums for each row and lane, in registers; a query is loaded once for all rows.
template <int kRows, int kCount>
void dot_rows(const std::uint16_t* rows, const float* queries, std::size_t dim,
              float (*out)[kLanes]) {
  __m512 sums[kRows][kCount];
  for (auto& row : sums) {
    for (__m512& sum : row) {
      sum = _mm512_setzero_ps();
    }
  }
  for (std::size_t d = 0; d < dim; d += 16) {
    const std::size_t left = dim - d < 16 ? dim - d : 16;
    const auto mask = static_cast<__mmask16>((1U << left) - 1U);
    __m512 values[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
      values[r] = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, rows + r * dim + d));
    }
    for (std::size_t l = 0; l < kCount; ++l) {
      const __m512 query = _mm512_maskz_loadu_ps(mask, queries + l * dim + d);
      for (std::size_t r = 0; r < kRows; ++r) {
        sums[r][l] = _mm512_fmadd_ps(values[r], query, sums[r][l]);
      }
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t l = 0; l < kCount; ++l) {
      out[r][l] = _mm512_reduce_add_ps(sums[r][l]);
    }
  }
}

using DotRows = void (*)(const std::uint16_t*, const float*, std::size_t, float (*)[kLanes]);
template <int kRows>
constexpr DotRows kDotRows[kLanes] = {dot_rows<kRows, 1>, dot_rows<kRows, 2>, dot_rows<kRows, 3>,
                                      dot_rows<kRows, 4>, dot_rows<kRows, 5>, dot_rows<kRows, 6>,
                                      dot_rows<kRows, 7>, dot_rows<kRows, 8>};

void dot_half(const std::uint16_t* rows, std::size_t count, const float* queries, std::size_t dim,
              std::size_t lanes, float (*out)[kLanes]) {
  std::size_t r = 0;
  for (; r + 3 <= count; r += 3) {
    kDotRows<3>[lanes - 1](rows + r * dim, queries, dim, out + r);
  }
  for (; r < count; ++r) {
    kDotRows<1>[lanes - 1](rows + r * dim, queries, dim, out + r);
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
    if (i + kRowsAhead < count) {
      const std::uint8_t* ahead = codes + std::size_t{slots[i + kRowsAhead]} * kCodeBytes;
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + 64);
    }
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
        sum[l] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), low[0], _mm512_load_si512(query));
        sum[l] = _mm512_dpbusd_epi32(sum[l], low[1], _mm512_load_si512(query + 64));
        sum[l] = _mm512_dpbusd_epi32(sum[l], high[0], _mm512_load_si512(query + 128));
        sum[l] = _mm512_dpbusd_epi32(sum[l], high[1], _mm512_load_si512(query + 192));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out[i] + group),
                       sums_of(sum[0], sum[1], sum[2], sum[3]));
    }
  }
}

void estimate(const std::int32_t (*dots)[kLanes], const float* scales, const std::uint32_t* slots,
              std::size_t count, const LaneLines& lines, float (*out)[kLanes],
              std::uint8_t* passed) {
  const __m256 offset = _mm256_load_ps(lines.offset);
  const __m256 slope = _mm256_load_ps(lines.slope);
  const __m256 base = _mm256_load_ps(lines.base);
  const __m256 threshold = _mm256_load_ps(lines.threshold);
  for (std::size_t i = 0; i < count; ++i) {
    const __m256i dot = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(dots[i]));
    const __m256 line = _mm256_mul_ps(slope, _mm256_set1_ps(scales[slots[i]]));
    const __m256 value =
        _mm256_fmadd_ps(line, _mm256_sub_ps(_mm256_cvtepi32_ps(dot), offset), base);
    _mm256_storeu_ps(out[i], value);
    passed[i] =
        static_cast<std::uint8_t>(_mm256_movemask_ps(_mm256_cmp_ps(value, threshold, _CMP_GE_OQ)));
  }
}

}  // namespace

const Kernels kAvx512Kernels = {"avx512", dot_half, dot_codes, estimate};

}  // namespace stylus::retriever
