#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "retriever/retriever.h"

namespace stylus::composer {

/// What the keyword model knows of one (keyword, candidate) pair.
using KeywordFeatures = std::array<double, 14>;

/// How many adapters there are and how many may be ranked.
struct CatalogSize {
  std::size_t all = 0;
  std::size_t allowed = 0;
  bool has_vectors = false;  ///< Whether the ranking used them.
};

/// Names in the order of KeywordFeatures, as in composer/data/parameters.json: those of
/// retriever::Features, then reciprocal_rank = 1 / (1 + place / 3), context = the candidate's score
/// for the whole prompt (at least Parameters::context_floor), and max_idf = the highest idf of the
/// keyword's words / 9, at most 1 (1 when the catalogue knows none of them), both scaled to the
/// catalogue of 5,155 adapters that the model was fitted on.
inline constexpr std::array<std::string_view, 14> kKeywordFeatureNames = {
    "fusion",    "z_lexical",      "log_title", "log_tags",        "log_description",
    "z_title",   "z_title_tags",   "z_summary", "reciprocal_rank", "title_coverage",
    "tag_equal", "tag_equal_head", "context",   "max_idf"};

/// A word that one of n adapters holds has a z(BM25F) of about sqrt(n). So that small catalogues
/// compare, z_lexical and its share in fusion are those that the candidate would have among at
/// least 2,286 adapters, the number that the model was fitted on.
///
/// place: of the candidate in the keyword's ranking, from 0.
[[nodiscard]] KeywordFeatures keyword_features(const retriever::Ranking& ranking, std::size_t place,
                                               double context, const CatalogSize& size);

/// Its fused score, scaled in the same way.
[[nodiscard]] double scaled_fusion(const retriever::Features& features, const CatalogSize& size);

/// What multiplies an idf of a catalogue of this size so that it compares with one of the catalogue
/// that the models were fitted on: a word that one card holds is as rare as it gets in either.
[[nodiscard]] double idf_scale(std::size_t adapters);

}  // namespace stylus::composer
