#include "retriever/lexical.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <unordered_set>

#include "support/parallel.h"

namespace stylus::retriever {
namespace {

constexpr double kK1 = 1.2;
constexpr std::size_t kBlocksAPiece = 4;
constexpr std::size_t kPostingsAhead = 16;  // whose lengths are asked for before they are needed
constexpr std::size_t kWordsABlock = kBlockSlots / 64;

/// A stem of any query, with the queries that hold it.
struct SharedTerm {
  TermUse use;
  float idf_factor = 0;  ///< idf * (k1 + 1)
  std::array<std::uint8_t, kLanes> lanes = {};
  std::size_t lane_count = 0;
};

LexicalLane look_up(const Corpus& corpus, const std::vector<std::string>& stems,
                    const WordValue& word_value) {
  LexicalLane lane;
  std::unordered_set<std::string_view> seen;
  for (const std::string& stem : stems) {
    if (seen.insert(stem).second) {
      lane.stems.push_back(stem);
    }
  }
  for (const std::string& stem : lane.stems) {
    lane.uses.push_back(corpus.find_term(stem));
    const bool known = lane.uses.back().adapters > 0;
    const double value = word_value ? word_value(stem) : 1;
    lane.idfs.push_back(known ? value * corpus.idf(lane.uses.back().adapters) : 0);
    lane.any_known = lane.any_known || known;
    lane.max_idf = std::max(lane.max_idf, lane.idfs.back());
  }
  return lane;
}

/// Each stem once, in byte order, so that a query's sums are added in one order in every batch.
std::vector<SharedTerm> share_terms(const std::vector<LexicalLane>& lanes) {
  std::map<std::string_view, SharedTerm> shared;
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    for (std::size_t i = 0; i < lanes[l].stems.size(); ++i) {
      if (lanes[l].uses[i].adapters > 0) {
        SharedTerm& term = shared[lanes[l].stems[i]];
        term.use = lanes[l].uses[i];
        term.idf_factor = static_cast<float>(lanes[l].idfs[i] * (kK1 + 1));
        term.lanes[term.lane_count++] = static_cast<std::uint8_t>(l);
      }
    }
  }
  std::vector<SharedTerm> terms;
  terms.reserve(shared.size());
  for (const auto& [stem, term] : shared) {
    terms.push_back(term);
  }
  return terms;
}

/// Scores of one block, zero between uses. One per thread: 270 KB.
struct Scratch {
  std::array<std::array<float, kBlockSlots>, kLanes> scores = {};
  std::array<std::array<std::uint64_t, kWordsABlock>, kLanes> touched = {};
};

struct LaneSums {
  double sum = 0;
  double squares = 0;
};
using BlockSums = std::array<LaneSums, kLanes>;

/// One part of the corpus being scored.
struct PartScorer {
  const Corpus& corpus;
  const IndexView& view;
  std::span<const SharedTerm> terms;
  std::size_t part;
  std::size_t lanes;
  std::span<const std::uint64_t> allowed;
  std::span<const Place> sample;  ///< Of this part.
  std::array<float, kLanes>* sample_scores;

  /// Adds the postings of one block and moves `next` behind them.
  void add_postings(const SharedTerm& term, std::span<const Posting>& next, std::size_t begin,
                    std::size_t size, Scratch& scratch) const {
    const auto lane_of = term.lanes;  // copies: the stores below could change the originals
    const std::size_t used = term.lane_count;
    std::size_t i = 0;
    for (; i < next.size(); ++i) {
      const Posting& posting = next[i];
      const std::size_t at = std::size_t{posting.slot} - begin;
      if (at >= size) {
        break;
      }
      if (i + kPostingsAhead < next.size() && next[i + kPostingsAhead].slot < view.slots()) {
        __builtin_prefetch(view.field_lengths(next[i + kPostingsAhead].slot));
      }
      const std::uint16_t* lengths = view.field_lengths(posting.slot);
      float x = static_cast<float>(posting.count[kDescription]) *
                corpus.field_factor(kDescription, lengths[kDescription]);
      if ((posting.count[kTitle] | posting.count[kTags] | posting.count[kTriggers]) != 0) {
        for (const std::size_t f : {kTitle, kTags, kTriggers}) {  // few words are in these
          x += static_cast<float>(posting.count[f]) * corpus.field_factor(f, lengths[f]);
        }
      }
      const float score = term.idf_factor * x / (x + static_cast<float>(kK1));
      const std::uint64_t bit = std::uint64_t{1} << (at % 64);
      for (std::size_t l = 0; l < used; ++l) {
        scratch.scores[lane_of[l]][at] += score;
        scratch.touched[lane_of[l]][at / 64] |= bit;
      }
    }
    next = next.subspan(i);
  }

  void pick_sample(std::size_t begin, std::size_t size, const Scratch& scratch) const {
    auto first = std::lower_bound(sample.begin(), sample.end(),
                                  place_of(part, static_cast<std::uint32_t>(begin)));
    for (; first != sample.end() && slot_in_part(*first) - begin < size; ++first) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sample_scores[first - sample.begin()][lane] =
            scratch.scores[lane][slot_in_part(*first) - begin];
      }
    }
  }

  [[nodiscard]] std::size_t count_allowed(
      std::size_t begin, const std::array<std::uint64_t, kWordsABlock>& touched) const {
    std::size_t count = 0;
    const std::size_t words = std::min(kWordsABlock, allowed.size() - begin / 64);
    for (std::size_t w = 0; w < words; ++w) {
      count += static_cast<std::size_t>(std::popcount(touched[w] & allowed[begin / 64 + w]));
    }
    return count;
  }

  /// Lists the allowed scores of a block and clears the scratch.
  void collect(std::size_t begin, Scratch& scratch,
               std::array<std::vector<LexicalHit>, kLanes>& hits, BlockSums& sums) const {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      hits[lane].resize(count_allowed(begin, scratch.touched[lane]));
      LexicalHit* out = hits[lane].data();
      LaneSums sum;
      for (std::size_t w = 0; w < kWordsABlock; ++w) {
        const std::size_t word = begin / 64 + w;
        for (std::uint64_t rest = scratch.touched[lane][w]; rest != 0; rest &= rest - 1) {
          const auto b = static_cast<std::size_t>(std::countr_zero(rest));
          const float score = scratch.scores[lane][64 * w + b];
          scratch.scores[lane][64 * w + b] = 0;
          if ((allowed[word] >> b & 1U) != 0) {
            *out++ = {static_cast<std::uint32_t>(64 * word + b), score};
            sum.sum += score;
            sum.squares += double{score} * score;
          }
        }
        scratch.touched[lane][w] = 0;
      }
      sums[lane] = sum;
    }
  }
};

std::span<const Posting> postings_from(std::span<const Posting> postings, std::size_t slot) {
  const auto first = std::lower_bound(
      postings.begin(), postings.end(), slot,
      [](const Posting& posting, std::size_t wanted) { return posting.slot < wanted; });
  return postings.subspan(static_cast<std::size_t>(first - postings.begin()));
}

void score_part(const PartScorer& scorer,
                std::vector<std::array<std::vector<LexicalHit>, kLanes>>& hits,
                std::vector<BlockSums>& sums) {
  const std::size_t slots = scorer.view.slots();
  parallel_for(hits.size(), kBlocksAPiece, [&](std::size_t from, std::size_t to) {
    static thread_local Scratch scratch;
    std::vector<std::span<const Posting>> next;
    next.reserve(scorer.terms.size());
    for (const SharedTerm& term : scorer.terms) {
      const auto number = term.use.numbers[scorer.part];
      next.push_back(number ? postings_from(scorer.view.postings(*number), from * kBlockSlots)
                            : std::span<const Posting>());
    }
    for (std::size_t block = from; block < to; ++block) {
      const std::size_t begin = block * kBlockSlots;
      const std::size_t size = std::min(kBlockSlots, slots - begin);
      for (std::size_t t = 0; t < next.size(); ++t) {
        scorer.add_postings(scorer.terms[t], next[t], begin, size, scratch);
      }
      scorer.pick_sample(begin, size, scratch);
      scorer.collect(begin, scratch, hits[block], sums[block]);
    }
  });
}

}  // namespace

LexicalScores score_lexically(const Corpus& corpus,
                              std::span<const std::vector<std::string>> queries,
                              const AllowedSlots& allowed, std::span<const Place> sample,
                              const WordValue& word_value) {
  LexicalScores scores;
  scores.lanes.reserve(queries.size());
  for (const std::vector<std::string>& stems : queries) {
    scores.lanes.push_back(look_up(corpus, stems, word_value));
  }
  const std::vector<SharedTerm> terms = share_terms(scores.lanes);
  scores.sample.resize(sample.size());
  BlockSums totals = {};
  const std::size_t in_base = static_cast<std::size_t>(
      std::lower_bound(sample.begin(), sample.end(), place_of(1, 0)) - sample.begin());
  for (std::size_t part = 0; part < corpus.parts().size(); ++part) {
    const IndexView& view = corpus.parts()[part].view;
    const std::size_t blocks = (view.slots() + kBlockSlots - 1) / kBlockSlots;
    std::vector<BlockSums> sums(blocks);
    const auto own_sample = part == 0 ? sample.first(in_base) : sample.subspan(in_base);
    scores.hits.emplace_back(blocks);
    score_part({corpus, view, terms, part, queries.size(), allowed.words[part], own_sample,
                scores.sample.data() + (part == 0 ? 0 : in_base)},
               scores.hits.back(), sums);
    for (const BlockSums& block : sums) {
      for (std::size_t lane = 0; lane < queries.size(); ++lane) {
        totals[lane].sum += block[lane].sum;
        totals[lane].squares += block[lane].squares;
      }
    }
  }
  const double n = std::max(1.0, static_cast<double>(allowed.count));
  for (std::size_t lane = 0; lane < queries.size(); ++lane) {
    LexicalLane& out = scores.lanes[lane];
    out.mean = totals[lane].sum / n;
    out.deviation = std::sqrt(std::max(0.0, totals[lane].squares / n - out.mean * out.mean));
  }
  return scores;
}

double field_bm25(const Corpus& corpus, const LexicalLane& lane, std::size_t field, Place place) {
  const std::size_t part = part_of(place);
  const IndexView& view = corpus.parts()[part].view;
  const std::uint32_t slot = slot_in_part(place);
  const double norm = corpus.length_norm(field, view.field_lengths(slot)[field]);
  double score = 0;
  for (const TermUse& use : lane.uses) {
    const Posting* posting =
        use.numbers[part] ? view.find_posting(*use.numbers[part], slot) : nullptr;
    if (posting != nullptr && posting->count[field] > 0) {
      const double x = posting->count[field] / norm;
      score += corpus.idf(use.field_adapters[field]) * x * (kK1 + 1) / (x + kK1);
    }
  }
  return score;
}

}  // namespace stylus::retriever
