#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retriever/corpus.h"
#include "retriever/kernels.h"

namespace stylus::retriever {

/// Slots that one piece of work covers: small enough that a block's scores stay in cache.
inline constexpr std::size_t kBlockSlots = 8192;

/// BM25F of one adapter for one query; adapters without any of its stems are not listed.
struct LexicalHit {
  std::uint32_t slot = 0;
  float score = 0;
};

/// What one query knows of the words of the corpus.
struct LexicalLane {
  std::vector<std::string> stems;  ///< Distinct, in query order.
  std::vector<TermUse> uses;       ///< By stem.
  std::vector<double> idfs;        ///< By stem; 0 for unknown ones.
  bool any_known = false;
  double max_idf = 0;
  double mean = 0, deviation = 0;  ///< Of BM25F over all allowed adapters.
};

/// BM25F of up to kLanes queries over the allowed adapters.
struct LexicalScores {
  std::vector<LexicalLane> lanes;
  /// [part][block][lane]: hits of allowed adapters, slots ascending.
  std::vector<std::vector<std::array<std::vector<LexicalHit>, kLanes>>> hits;
  std::vector<std::array<float, kLanes>> sample;  ///< Scores of the places asked for, in order.
};

/// What a stem's idf is multiplied with (RankOptions::word_value); empty = 1.
using WordValue = std::function<double(std::string_view stem)>;

/// Scores queries given as stems (with repetitions, in order). `sample` is sorted.
/// Ensures: a query's scores do not depend on the other queries, bit for bit.
/// Cost: some 3 ns a posting and query.
[[nodiscard]] LexicalScores score_lexically(const Corpus& corpus,
                                            std::span<const std::vector<std::string>> queries,
                                            const AllowedSlots& allowed,
                                            std::span<const Place> sample,
                                            const WordValue& word_value = {});

/// BM25 of a single field of one adapter with that field's own idf (k1 = 1.2, b = 0.75).
[[nodiscard]] double field_bm25(const Corpus& corpus, const LexicalLane& lane, std::size_t field,
                                Place place);

}  // namespace stylus::retriever
