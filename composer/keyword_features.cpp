#include "composer/keyword_features.h"

#include <algorithm>
#include <cmath>

namespace stylus::composer {
namespace {

constexpr double kFittedOnAdapters = 5155;

}  // namespace

double idf_scale(std::size_t adapters) {
  const double own = std::log1p(static_cast<double>(std::max<std::size_t>(adapters, 3)));
  return std::log1p(kFittedOnAdapters) / own;
}

KeywordFeatures keyword_features(const retriever::Ranking& ranking, std::size_t place,
                                 double context, std::size_t adapters) {
  const retriever::Features& f = ranking.candidates[place].features;
  const double max_idf =
      ranking.any_stem_known
          ? std::min(1.0, static_cast<double>(ranking.max_idf) * idf_scale(adapters) / 9)
          : 1.0;
  return {f.fusion,
          f.z_lexical,
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
