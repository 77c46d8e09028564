#include "retriever/search_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "retriever/dense.h"
#include "retriever/features.h"
#include "retriever/lexical.h"
#include "retriever/terms.h"
#include "support/error.h"
#include "support/parallel.h"

namespace stylus::retriever {
namespace {

DenseQueries dense_queries(RowsView vectors, std::size_t first, std::size_t lanes,
                           std::size_t dim) {
  DenseQueries queries;
  queries.lanes = lanes;
  queries.dim = dim;
  if (vectors.empty() || dim == 0) {
    return queries;
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    const std::span<const float> vector = vectors.row(first + lane);
    for (const float value : vector) {
      require(std::isfinite(value), ErrorCode::kInvalidArgument, "the vector of query ",
              first + lane, " holds ", value, "; all its numbers must be finite");
      queries.used[lane] = queries.used[lane] || value != 0;
    }
    queries.values.insert(queries.values.end(), vector.begin(), vector.end());
  }
  return queries;
}

std::vector<Place> list_places(const AllowedSlots& allowed) {
  std::vector<Place> places;
  places.reserve(allowed.count);
  for (std::size_t part = 0; part < allowed.words.size(); ++part) {
    for (std::size_t w = 0; w < allowed.words[part].size(); ++w) {
      for (std::uint64_t rest = allowed.words[part][w]; rest != 0; rest &= rest - 1) {
        const std::size_t slot = 64 * w + static_cast<std::size_t>(std::countr_zero(rest));
        places.push_back(place_of(part, static_cast<std::uint32_t>(slot)));
      }
    }
  }
  return places;
}

/// Calls visit(place, BM25F) for every hit of a lane, in order of part and slot.
template <typename Visit>
void for_each_hit(const LexicalScores& lexical, std::size_t lane, const Visit& visit) {
  for (std::size_t part = 0; part < lexical.hits.size(); ++part) {
    for (const auto& block : lexical.hits[part]) {
      for (const LexicalHit& hit : block[lane]) {
        visit(place_of(part, hit.slot), hit.score);
      }
    }
  }
}

/// The best k hits of a lane without a vector, and perhaps some more. A common word has a hit in
/// every third adapter, so those that cannot be among the best are dropped on the way.
std::vector<Found> best_by_words(const Corpus& corpus, const LexicalScores& lexical,
                                 std::size_t lane, const Fusion& fusion, std::size_t k) {
  constexpr std::size_t kSpare = 4096;
  std::vector<Found> found;
  float least = -std::numeric_limits<float>::infinity();
  for_each_hit(lexical, lane, [&](Place place, float score) {
    const float fused = fusion.score({}, score);
    if (fused < least) {
      return;
    }
    found.push_back({place, score, fused, {}});
    if (found.size() > k && found.size() - k >= kSpare) {
      keep_best(corpus, found, k);
      const auto worst =
          std::min_element(found.begin(), found.end(),
                           [](const Found& a, const Found& b) { return a.score < b.score; });
      least = worst == found.end() ? least : worst->score;
    }
  });
  return found;
}

/// Every place with its cosines and BM25F; places and hits are both in order of part and slot.
std::vector<Found> found_exactly(std::span<const Place> places,
                                 std::span<const LaneCosines> cosines, const LexicalScores& lexical,
                                 std::size_t lane) {
  std::vector<Found> found(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    found[i] = {places[i], 0, 0, cosines[i][lane]};
  }
  std::size_t i = 0;
  for_each_hit(lexical, lane, [&](Place place, float score) {
    while (found[i].place < place) {
      ++i;
    }
    found[i].lexical = score;
  });
  return found;
}

/// Ranks one group of at most kLanes queries.
class GroupRanking {
 public:
  GroupRanking(const Corpus& corpus, const SearchSettings& settings, const AllowedSlots& allowed,
               const RankOptions& options)
      : corpus_(corpus), settings_(settings), allowed_(allowed), options_(options) {}

  std::vector<Ranking> rank(std::span<const Query> queries, const DenseQueries& vectors) {
    for (const Query& query : queries) {
      stems_.emplace_back();
      for (Term& term : terms_of(query.text)) {
        stems_.back().push_back(std::move(term.stem));
      }
    }
    const bool sampled = vectors.any_used() && allowed_.count > settings_.exact_up_to;
    if (sampled) {
      sample_ = corpus_.sample(allowed_, settings_.sample);
    }
    lexical_ = score_lexically(corpus_, stems_, allowed_, sample_, options_.word_value);
    fusions_.resize(queries.size());
    found_.resize(queries.size());
    for (std::size_t lane = 0; lane < queries.size(); ++lane) {
      const LexicalLane& words = lexical_.lanes[lane];
      if (words.any_known) {
        fusions_[lane].set_lexical(words.mean, words.deviation);
      }
    }
    if (vectors.any_used()) {
      find_with_vectors(vectors, sampled);
    }
    return finish(vectors);
  }

 private:
  void set_dense(const DenseQueries& vectors, std::span<const LaneCosines> cosines) {
    const auto moments = moments_of(cosines, vectors.lanes);
    for (std::size_t lane = 0; lane < vectors.lanes; ++lane) {
      if (vectors.used[lane]) {
        fusions_[lane].set_dense(moments[lane]);
      }
    }
  }

  void find_with_vectors(const DenseQueries& vectors, bool sampled) {
    std::vector<LaneCosines> sample_cosines;
    if (sampled) {
      sample_cosines = cosines_of(corpus_, vectors, sample_);
      set_dense(vectors, sample_cosines);
    }
    if (sampled && !options_.exact && corpus_.has_codes()) {
      const std::size_t most = allowed_.count;
      const std::size_t wanted =
          std::min(most, std::max({settings_.candidates, most / settings_.candidate_share,
                                   4 * std::min(options_.k, most)}));
      found_ = estimate_best(corpus_, vectors, allowed_, lexical_, fusions_, sample_,
                             sample_cosines, wanted);
      rescore(corpus_, vectors, found_);
      return;
    }
    const std::vector<Place> places = list_places(allowed_);
    const std::vector<LaneCosines> cosines = cosines_of(corpus_, vectors, places);
    if (!sampled) {
      set_dense(vectors, cosines);
    }
    for (std::size_t lane = 0; lane < vectors.lanes; ++lane) {
      if (vectors.used[lane]) {
        found_[lane] = found_exactly(places, cosines, lexical_, lane);
      }
    }
  }

  std::vector<Ranking> finish(const DenseQueries& vectors) {
    std::vector<Ranking> rankings(found_.size());
    parallel_for(found_.size(), 1, [&](std::size_t from, std::size_t to) {
      for (std::size_t lane = from; lane < to; ++lane) {
        if (!vectors.used[lane]) {
          found_[lane] = best_by_words(corpus_, lexical_, lane, fusions_[lane], options_.k);
        }
        rankings[lane] = ranking_of(lane);
      }
    });
    return rankings;
  }

  Ranking ranking_of(std::size_t lane) {
    const Fusion& fusion = fusions_[lane];
    std::vector<Found>& found = found_[lane];
    for (Found& candidate : found) {
      candidate.score = fusion.score(candidate.cosines, candidate.lexical);
    }
    keep_best(corpus_, found, options_.k);
    sort_best(corpus_, found);
    Ranking ranking;
    ranking.any_stem_known = lexical_.lanes[lane].any_known;
    ranking.max_idf = static_cast<float>(lexical_.lanes[lane].max_idf);
    for (const Found& candidate : found) {
      Candidate& out = ranking.candidates.emplace_back();
      out.row = corpus_.row_of(candidate.place);
      out.score = candidate.score;
      out.features.fusion = candidate.score;
      if (options_.with_features) {
        out.features = features_of(corpus_, fusion, lexical_.lanes[lane], stems_[lane], candidate);
      }
    }
    return ranking;
  }

  const Corpus& corpus_;
  const SearchSettings& settings_;
  const AllowedSlots& allowed_;
  const RankOptions& options_;
  std::vector<std::vector<std::string>> stems_;
  std::vector<Place> sample_;
  LexicalScores lexical_;
  std::vector<Fusion> fusions_;
  std::vector<std::vector<Found>> found_;
};

}  // namespace

SearchIndex::SearchIndex(IndexView base, std::optional<IndexView> tail, SearchSettings settings)
    : corpus_(std::move(base), std::move(tail)), settings_(settings) {}

std::vector<Ranking> SearchIndex::rank(std::span<const Query> queries, RowsView vectors,
                                       const catalog::AdapterSet& allowed,
                                       const RankOptions& options) const {
  require(vectors.empty() || vectors.rows == queries.size(), ErrorCode::kInvalidArgument,
          queries.size(), " queries came with ", vectors.rows, " vectors; give one each or none");
  require(vectors.empty() || corpus_.dim() == 0 || vectors.dim == corpus_.dim(),
          ErrorCode::kInvalidArgument, "query vectors have ", vectors.dim,
          " dimensions, the index has ", corpus_.dim(), "; they come from different encoders");
  const AllowedSlots slots = corpus_.allowed_slots(allowed);
  std::vector<Ranking> rankings;
  for (std::size_t first = 0; first < queries.size(); first += kLanes) {
    const std::size_t lanes = std::min(kLanes, queries.size() - first);
    GroupRanking group(corpus_, settings_, slots, options);
    std::vector<Ranking> ranked = group.rank(queries.subspan(first, lanes),
                                             dense_queries(vectors, first, lanes, corpus_.dim()));
    std::move(ranked.begin(), ranked.end(), std::back_inserter(rankings));
  }
  return rankings;
}

}  // namespace stylus::retriever
