#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "retriever/index_format.h"
#include "retriever/kernels.h"

namespace stylus::retriever {

/// How three vectors of an adapter become the 256 four-bit numbers of the first stage.
///
/// The mixed vector m = sum_f w_f v_f, with w_f the inverse of a typical deviation of field f's
/// cosines, has <q, m> = z(T) + z(TT) + z(S) up to a constant. It is rotated to its 256 main
/// directions (PCA), rotated again at random so that all directions vary alike, and rounded.
/// docs/decisions/009-first-stage.md has the figures.
struct CodeBook {
  std::size_t dim = 0;
  std::array<float, kVectorFields> mix = {};
  std::vector<std::uint16_t> rotation;  ///< binary16 [kCodeDim, dim]

  /// numbers [n, kCodeDim] of vectors [n, dim], by BLAS.
  [[nodiscard]] std::vector<float> rotate(std::span<const float> vectors) const;
};

/// Learns a code book from all or a fixed sample of the adapters.
///
/// Shapes: slots n -> vectors binary16 [slots, kVectorFields, dim]; `used` lists the slots that
///         hold vectors.
/// Cost: a second or so, whatever n.
[[nodiscard]] CodeBook train_code_book(std::span<const std::uint16_t> vectors, std::size_t dim,
                                       std::span<const std::uint32_t> used);

/// Codes and scales of every slot (zero codes stand for nothing where a slot is empty).
void encode(const CodeBook& book, std::span<const std::uint16_t> vectors,
            std::span<std::uint8_t> codes, std::span<float> scales);

/// Queries as the code kernels take them: <q_l, m_i> is nearly
/// scale_i * query_scale[l] * (dot - offset[l]).
struct CodedQueries {
  CodeQueries values;
  std::array<float, kLanes> scale = {};
  std::array<std::int32_t, kLanes> offset = {};
};
[[nodiscard]] CodedQueries code_queries(std::span<const std::uint16_t> rotation, std::size_t dim,
                                        std::span<const float> queries);

}  // namespace stylus::retriever
