#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "retriever/corpus.h"
#include "retriever/fusion.h"
#include "retriever/kernels.h"
#include "retriever/lexical.h"

namespace stylus::retriever {

/// Vectors of up to kLanes queries, unit length, one after the other.
struct DenseQueries {
  std::vector<float> values;  ///< [lanes, dim]
  std::size_t dim = 0;
  std::size_t lanes = 0;
  std::array<bool, kLanes> used = {};  ///< False: no vector, or only zeros; ranked by words alone.

  [[nodiscard]] bool any_used() const {
    for (const bool lane : used) {
      if (lane) {
        return true;
      }
    }
    return false;
  }
};

/// Cosines of adapters to all lanes: [lane] of one place.
using LaneCosines = std::array<Cosines, kLanes>;

/// Exact cosines of `places` to every lane, in order.
/// Cost: memory speed for up to eight lanes together; some 20 GB/s of 6 * dim bytes an adapter.
[[nodiscard]] std::vector<LaneCosines> cosines_of(const Corpus& corpus, const DenseQueries& queries,
                                                  std::span<const Place> places);

/// Moments of each lane's cosines, summed in an order that does not depend on threads.
[[nodiscard]] std::array<Moments, kLanes> moments_of(std::span<const LaneCosines> cosines,
                                                     std::size_t lanes);

/// An adapter on the way to the answer for one query.
struct Found {
  Place place = 0;
  float lexical = 0;  ///< BM25F
  float score = 0;    ///< First stage: the estimate; then the fused score.
  Cosines cosines = {};
};

/// Fills `cosines` of candidates, lane by lane: found[l] against query l only.
void rescore(const Corpus& corpus, const DenseQueries& queries,
             std::span<std::vector<Found>> found);

/// The first stage: the `wanted` adapters with the best estimate of the fused score, per lane, from
/// one pass over the codes. Lanes without a vector get none.
///
/// `sample` and its exact cosines tie the codes' scale to the fused score's (least squares).
[[nodiscard]] std::vector<std::vector<Found>> estimate_best(
    const Corpus& corpus, const DenseQueries& queries, const AllowedSlots& allowed,
    const LexicalScores& lexical, std::span<const Fusion> fusions, std::span<const Place> sample,
    std::span<const LaneCosines> sample_cosines, std::size_t wanted);

/// Keeps the best `count` by score, ties by lower row; unsorted.
void keep_best(const Corpus& corpus, std::vector<Found>& found, std::size_t count);
/// Sorts by score, best first, ties by lower row.
void sort_best(const Corpus& corpus, std::vector<Found>& found);

}  // namespace stylus::retriever
