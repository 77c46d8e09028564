#pragma once

#include <cstddef>
#include <span>

namespace stylus::encoder {

/// Columns of a packed matrix that lie together.
inline constexpr std::size_t kPanelWidth = 32;

/// A weight matrix [I, O], O a multiple of 32, stored as [O / 32, I, 32]: the order in which the
/// product reads it, so that nothing is rearranged when a model is opened.
struct PackedMatrix {
  const float* panels = nullptr;
  std::size_t inputs = 0;   ///< I
  std::size_t outputs = 0;  ///< O
};

/// out[n] = rows[n] * matrix, for N rows that may lie anywhere and overlap.
///
/// Every output is one chain of fused multiply-adds over the inputs, first to last, whatever N is:
/// that is what makes a text's vector independent of its batch, which the sgemm of a BLAS does not
/// promise (docs/decisions/007-own-matrix-product.md). Kernels for AVX2 and AVX-512 are chosen at
/// run time and give the same bits; a machine without fused multiply-add gives other last bits.
///
/// Shapes:   rows: N pointers to I floats; out: N rows of O floats, `out_stride` floats apart.
/// Requires: `out` overlaps no row.
/// Thread safety: may run from several threads. Starts none.
/// Cost:     2 N I O operations, 70 to 100 % of one core's peak from N = 4 on.
void multiply(std::span<const float* const> rows, const PackedMatrix& matrix, float* out,
              std::size_t out_stride);

/// The instruction sets that the product can use, from the plainest to the widest.
enum class Instructions { kPortable, kAvx2, kAvx512 };

/// The widest that this machine has.
[[nodiscard]] Instructions best_instructions();

/// multiply() with chosen instructions, for tests. Requires: the machine has them.
void multiply_with(Instructions instructions, std::span<const float* const> rows,
                   const PackedMatrix& matrix, float* out, std::size_t out_stride);

}  // namespace stylus::encoder
