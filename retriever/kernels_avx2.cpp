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

/// One chain of sums for each row and lane, in registers; a query is loaded once for all rows.
template <int kRows, int kCount>
void dot_rows(const std::uint16_t* rows, const float* queries, std::size_t dim,
              float (*out)[kLanes]) {
  __m256 sums[kRows][kCount];
  for (auto& row : sums) {
    for (__m256& sum : row) {
      sum = _mm256_setzero_ps();
    }
  }
  std::size_t d = 0;
  for (; d + 8 <= dim; d += 8) {
    __m256 values[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
      values[r] =
          _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + r * dim + d)));
    }
    for (std::size_t l = 0; l < kCount; ++l) {
      const __m256 query = _mm256_loadu_ps(queries + l * dim + d);
      for (std::size_t r = 0; r < kRows; ++r) {
        sums[r][l] = _mm256_fmadd_ps(values[r], query, sums[r][l]);
      }
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    for (std::size_t l = 0; l < kCount; ++l) {
      float sum = sum_of(sums[r][l]);
      for (std::size_t rest = d; rest < dim; ++rest) {
        sum += _cvtsh_ss(rows[r * dim + rest]) * queries[l * dim + rest];
      }
      out[r][l] = sum;
    }
  }
}

template <int kRows>
void dot_lanes(const std::uint16_t* rows, const float* queries, std::size_t dim, std::size_t lanes,
               float (*out)[kLanes]) {
  float part[kRows][kLanes];
  for (std::size_t l = 0; l < lanes;) {
    const std::size_t width = lanes - l >= 4 ? 4 : 1;  // 3 x 4 sums fill the registers
    if (width == 4) {
      dot_rows<kRows, 4>(rows, queries + l * dim, dim, part);
    } else {
      dot_rows<kRows, 1>(rows, queries + l * dim, dim, part);
    }
    for (int r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < width; ++i) {
        out[r][l + i] = part[r][i];
      }
    }
    l += width;
  }
}

void dot_half(const std::uint16_t* rows, std::size_t count, const float* queries, std::size_t dim,
              std::size_t lanes, float (*out)[kLanes]) {
  std::size_t r = 0;
  for (; r + 3 <= count; r += 3) {
    dot_lanes<3>(rows + r * dim, queries, dim, lanes, out + r);
  }
  for (; r < count; ++r) {
    dot_lanes<1>(rows + r * dim, queries, dim, lanes, out + r);
  }
}

void dot_codes(const std::uint8_t* codes, const std::uint32_t* slots, std::size_t count,
               const CodeQueries& queries, std::size_t lanes, std::int32_t (*out)[kLanes]) {
  const __m256i low_half = _mm256_set1_epi8(15);
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kRowsAhead < count) {
      const std::uint8_t* ahead = codes + std::size_t{slots[i + kRowsAhead]} * kCodeBytes;
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + 64);
    }
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

const Kernels kAvx2Kernels = {"avx2", dot_half, dot_codes, estimate};

}  // namespace stylus::retriever
