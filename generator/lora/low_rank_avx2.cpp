// Compiled for AVX2 and FMA; called only after a check at run time. No header but intrinsics and
// our plain declarations: an inline function of the standard library compiled here could be the
// copy that the linker keeps for everybody.
#include <immintrin.h>

#include "generator/lora/low_rank_kernel.h"

namespace stylus::generator {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kVectors =
    2;  // of one row in registers: kRows * kVectors sums, some to spare
constexpr std::size_t kMostRows = 6;
constexpr std::size_t kAlignment = kLanes * sizeof(float);

using Vector = __m256;

void store(float* out, Vector value, bool is_aligned) {
  if (is_aligned) {
    _mm256_stream_ps(out, value);
  } else {
    _mm256_storeu_ps(out, value);
  }
}

/// kRows rows of one panel.
template <std::size_t kRows>
void rows_of_panel(const LowRankBlock& block, std::size_t row, std::size_t panel, bool is_aligned) {
  const float* up = block.up + row * block.rank;
  for (std::size_t begin = 0; begin < kPanelColumns; begin += kVectors * kLanes) {
    const float* down = block.packed_down + panel * block.rank * kPanelColumns + begin;
    Vector sums[kRows][kVectors];
    for (auto& sums_of_row : sums) {
      for (Vector& sum : sums_of_row) {
        sum = _mm256_setzero_ps();
      }
    }
    for (std::size_t k = 0; k < block.rank; ++k, down += kPanelColumns) {
      Vector right[kVectors];
      for (std::size_t v = 0; v < kVectors; ++v) {
        right[v] = _mm256_loadu_ps(down + v * kLanes);
      }
      for (std::size_t r = 0; r < kRows; ++r) {
        const Vector left = _mm256_set1_ps(up[r * block.rank + k]);
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[r][v] = _mm256_fmadd_ps(left, right[v], sums[r][v]);
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t place = (row + r) * block.columns + panel * kPanelColumns + begin;
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Vector base = _mm256_loadu_ps(block.base + place + v * kLanes);
        store(block.out + place + v * kLanes, _mm256_add_ps(base, sums[r][v]), is_aligned);
      }
    }
  }
}

using Rows = void (*)(const LowRankBlock&, std::size_t, std::size_t, bool);

}  // namespace

void low_rank_avx2(const LowRankBlock& block) {
  constexpr Rows kRowsOfPanel[kMostRows] = {rows_of_panel<1>, rows_of_panel<2>, rows_of_panel<3>,
                                            rows_of_panel<4>, rows_of_panel<5>, rows_of_panel<6>};
  const bool is_aligned = reinterpret_cast<std::size_t>(block.out) % kAlignment == 0;
  for (std::size_t row = 0; row < block.rows; row += kMostRows) {
    const std::size_t left = block.rows - row;
    const Rows rows = kRowsOfPanel[(left < kMostRows ? left : kMostRows) - 1];
    for (std::size_t panel = 0; panel * kPanelColumns < block.columns; ++panel) {
      rows(block, row, panel, is_aligned);
    }
  }
  _mm_sfence();
}

}  // namespace stylus::generator
