#pragma once

#include <cstddef>
#include <cstdint>

namespace stylus::generator {

/// What `base` holds; widening to float is exact.
enum class BaseType : std::uint8_t { kFloat, kHalf, kBFloat16 };

/// A block of rows of out = base + up down, float but for the base, all rows dense.
struct LowRankBlock {
  const void* base;  ///< [rows, columns]
  BaseType base_type;
  const float* up;  ///< [rows, rank], scales included.
  /// [rank, columns] packed by pack_down().
  const float* packed_down;
  float* out;  ///< [rows, columns]; may not overlap the others.
  std::size_t rows;
  std::size_t columns;
  std::size_t rank;
};

/// Columns that a panel of pack_down() holds; a layer with another multiple takes the general way.
inline constexpr std::size_t kPanelColumns = 64;

/// Computes a block: each sum runs over the rank in order, then meets the base. Writes past the
/// caches where the processor can, since merged weights are larger than those.
using LowRankKernel = void (*)(const LowRankBlock& block);

/// The kernel for this processor; null where there is none (then at::addmm does the work).
/// Cost: asks the processor once.
[[nodiscard]] LowRankKernel low_rank_kernel();

/// down [rank, columns] as one panel of [rank, kPanelColumns] after the other; `packed` has
/// rank * columns floats. Requires: columns is a multiple of kPanelColumns.
void pack_down(const float* down, std::size_t rank, std::size_t columns, float* packed);

void low_rank_avx2(const LowRankBlock& block);
void low_rank_avx512(const LowRankBlock& block);

}  // namespace stylus::generator
