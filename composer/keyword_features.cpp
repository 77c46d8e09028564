#include "composer/keyword_features.h"

#include <algorithm>
#include <cmath>

namespace stylus::composer {
namespace {

constexpr double kFittedOnAdapters = 5155;
constexpr double kFittedOnAllowed = 2286;
// Scaling goes no further than what a good match had in the catalogue of the fit.
constexpr double kHighLexical = 20;
constexpr double kHighFusion = 9;
constexpr double kLexicalShare = 0.3;  // of the fused score, quality-recipe section 5

double lexical_factor(std::size_t allowed) {
  const double own = static_cast<double>(std::max<std::size_t>(allowed, 1));
  return std::sqrt(std::max(1.0, kFittedOnAllowed / own));
}

}  // namespace

double idf_scale(std::size_t adapters) {
  const double own = std::log1p(static_cast<double>(std::max<std::size_t>(adapters, 3)));
  return std::log1p(kFittedOnAdapters) / own;
}

double scaled_fusion(const retriever::Features& features, const CatalogSize& size) {
  const double share = size.has_vectors ? kLexicalShare : 1;
  const auto fusion = static_cast<double>(features.fusion);
  const double added =
      share * (lexical_factor(size.allowed) - 1) * static_cast<double>(features.z_lexical);
  return std::min(fusion + added, std::max(fusion, size.has_vectors ? kHighFusion : kHighLexical));
}

KeywordFeatures keyword_features(const retriever::Ranking& ranking, std::size_t place,
                                 double context, const CatalogSize& size) {
  const retriever::Features& f = ranking.candidates[place].features;
  const auto z_lexical = static_cast<double>(f.z_lexical);
  const double max_idf =
      ranking.any_stem_known
          ? std::min(1.0, static_cast<double>(ranking.max_idf) * idf_scale(size.all) / 9)
          : 1.0;
  return {scaled_fusion(f, size),
          std::min(lexical_factor(size.allowed) * z_lexical, std::max(z_lexical, kHighLexical)),
          f.log_title,
          f.log_tags,
          f.log_description,
          f.z_title,
          f.z_title_tags,
          f.z_summary,
          1 / (1 + static_cast<double>(place) / 3),
          f.title_coverage,
          f.tag_equal,
          f.tag_equal_head,
          context,
          max_idf};
}

}  // namespace stylus::composer
