#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "retriever/retriever.h"

namespace stylus::composer {

/// What the keyword model knows of one (keyword, candidate) pair.
using KeywordFeatures = std::array<double, 14>;

/// Names in the order of KeywordFeatures, as in composer/data/parameters.json: those of
/// retriever::Features, then reciprocal_rank = 1 / (1 + place / 3), context = the candidate's score
/// for the whole prompt (at least Parameters::context_floor), and max_idf = the highest idf of the
/// keyword's words / 9, at most 1 (1 when the catalogue knows none of them), both scaled to the
/// catalogue of 5,155 adapters that the model was fitted on.
inline constexpr std::array<std::string_view, 14> kKeywordFeatureNames = {
    "fusion",    "z_lexical",      "log_title", "log_tags",        "log_description",
    "z_title",   "z_title_tags",   "z_summary", "reciprocal_rank", "title_coverage",
    "tag_equal", "tag_equal_head", "context",   "max_idf"};

/// place: of the candidate in the keyword's ranking, from 0. adapters: in the whole catalogue.
[[nodiscard]] KeywordFeatures keyword_features(const retriever::Ranking& ranking, std::size_t place,
                                               double context, std::size_t adapters);

/// What multiplies an idf of a catalogue of this size so that it compares with one of the catalogue
/// that the models were fitted on: a word that one card holds is as rare as it gets in either.
[[nodiscard]] double idf_scale(std::size_t adapters);

}  // namespace stylus::composer
