#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stylus::retriever {

/// Queries that one pass over the rows serves.
inline constexpr std::size_t kLanes = 8;

/// First-stage codes: 256 numbers of 4 bits a row. Byte i holds number i in its low half and
/// number 128 + i in its high half; a number n stands for (n - 8) * row scale.
inline constexpr std::size_t kCodeDim = 256;
inline constexpr std::size_t kCodeBytes = kCodeDim / 2;

/// The code kernels ask for the row this many ahead: a mapped file has small pages, and the
/// processor's own prefetching ends at each.
inline constexpr std::size_t kRowsAhead = 24;

/// Eight queries as the code kernels read them. Unused lanes are zero.
struct CodeQueries {
  alignas(64) std::int8_t values[kLanes][kCodeDim] = {};
};

/// A straight line a lane, from the codes' dot product to an estimate, and the least of interest.
struct LaneLines {
  alignas(32) float offset[kLanes] = {};
  alignas(32) float slope[kLanes] = {};
  alignas(32) float base[kLanes] = {};
  alignas(32) float threshold[kLanes] = {};
};

/// The inner loops, one set per kind of processor. Plain functions, so that files compiled with
/// other instruction sets share no inline code with the rest of the program.
struct Kernels {
  const char* name;

  /// out[r][l] = <row r, query l> for `count` rows and `lanes` queries of `dim` numbers that follow
  /// one another; rows are binary16, queries float32. out[r][l] depends on row and query alone, bit
  /// for bit, not on what else is in the call.
  void (*dot_half)(const std::uint16_t* rows, std::size_t count, const float* queries,
                   std::size_t dim, std::size_t lanes, float (*out)[kLanes]);

  /// out[i][l] = sum over d of number(slots[i], d) * values[l][d], with numbers 0 to 15. Lanes in
  /// whole groups of four are written, the others left alone.
  void (*dot_codes)(const std::uint8_t* codes, const std::uint32_t* slots, std::size_t count,
                    const CodeQueries& queries, std::size_t lanes, std::int32_t (*out)[kLanes]);

  /// out[i][l] = base[l] + slope[l] * scales[slots[i]] * (dots[i][l] - offset[l]), and bit l of
  /// passed[i]: whether that reaches threshold[l]. Always all lanes.
  void (*estimate)(const std::int32_t (*dots)[kLanes], const float* scales,
                   const std::uint32_t* slots, std::size_t count, const LaneLines& lines,
                   float (*out)[kLanes], std::uint8_t* passed);
};

/// The fastest set that this processor runs.
[[nodiscard]] const Kernels& kernels();

/// Every set that this processor runs, the portable one first.
[[nodiscard]] std::vector<const Kernels*> usable_kernels();

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace stylus::retriever
