// estimate_best(): one pass over the four-bit codes. docs/decisions/009-first-stage.md
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "retriever/code_book.h"
#include "retriever/dense.h"
#include "support/parallel.h"

namespace stylus::retriever {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
/// The threshold is read off the sample so that about this many times the wanted adapters pass;
/// with fewer than wanted (the sample misjudged the tail; rare) the next one is tried.
constexpr std::array<double, 3> kSpare = {4, 64, 1e18};
constexpr std::size_t kBlocksAPiece = 2;

/// estimate = base + slope * code score + lexical_slope * BM25F, where the code score is
/// query scale * row scale * (dot - offset), nearly <query, mixed vector>.
struct Estimate {
  float slope = 0;
  float base = 0;
  float lexical_slope = 0;
  float threshold = kNever;
};

using LaneFound = std::array<std::vector<Found>, kLanes>;

/// Least squares: z of the exact dense score from the codes' score, over the sample.
Estimate fit(const Fusion& fusion, std::span<const LaneCosines> cosines,
             std::span<const std::array<float, kLanes>> codes, std::size_t lane) {
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double x = codes[i][lane];
    const double y = fusion.z_dense(cosines[i][lane]);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const auto n = static_cast<double>(codes.size());
  const double variance = sum_xx - sum_x * sum_x / n;
  const double slope = variance > 0 ? (sum_xy - sum_x * sum_y / n) / variance : 0;
  Estimate estimate;
  estimate.slope = static_cast<float>(fusion.dense_share() * slope);
  estimate.base = static_cast<float>(fusion.dense_share() * (sum_y - slope * sum_x) / n +
                                     fusion.lexical_share() * fusion.z_lexical(0));
  estimate.lexical_slope =
      static_cast<float>(fusion.lexical_share() * (fusion.z_lexical(1) - fusion.z_lexical(0)));
  return estimate;
}

/// The estimate that about spare * wanted of `count` adapters exceed.
float threshold_for(const Estimate& estimate, std::span<const std::array<float, kLanes>> codes,
                    std::span<const std::array<float, kLanes>> lexical, std::size_t lane,
                    double spare, double share) {
  const double rank = std::ceil(spare * share * static_cast<double>(codes.size()));
  if (rank >= static_cast<double>(codes.size())) {
    return kNever;
  }
  std::vector<float> values(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const float value =
        estimate.base + estimate.slope * codes[i][lane] + estimate.lexical_slope * lexical[i][lane];
    values[i] = std::isnan(value) ? kNever : value;
  }
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end(), std::greater<>());
  return *place;
}

/// One pass over one part.
class Scan {
 public:
  Scan(const Corpus& corpus, std::size_t part, const CodedQueries& queries, std::size_t lanes,
       std::span<const Estimate> estimates, std::span<const std::uint64_t> allowed,
       const LexicalScores& lexical)
      : view_(corpus.parts()[part].view),
        part_(part),
        queries_(queries),
        lanes_(lanes),
        estimates_(estimates),
        allowed_(allowed),
        lexical_(lexical) {
    std::fill_n(lines_.threshold, kLanes, std::numeric_limits<float>::infinity());
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      lines_.offset[lane] = static_cast<float>(queries.offset[lane]);
      lines_.slope[lane] = estimates[lane].slope * queries.scale[lane];
      lines_.base[lane] = estimates[lane].base;
      lines_.threshold[lane] = estimates[lane].threshold;
    }
  }

  void run(std::vector<LaneFound>& found) const {
    parallel_for(found.size(), kBlocksAPiece, [&](std::size_t from, std::size_t to) {
      static thread_local Scratch scratch;
      for (std::size_t block = from; block < to; ++block) {
        scan_block(block, scratch, found[block]);
      }
    });
  }

 private:
  struct Scratch {
    std::array<std::uint32_t, kBlockSlots> slots;
    std::array<std::uint16_t, kBlockSlots> position;  ///< Of an allowed slot in `slots`.
    std::int32_t dots[kBlockSlots][kLanes];
    float scores[kBlockSlots][kLanes];
    std::array<std::uint8_t, kBlockSlots> passed;  ///< One bit a lane.
  };

  std::size_t list_allowed(std::size_t block, Scratch& scratch) const {
    std::size_t count = 0;
    const std::size_t first_word = block * kBlockSlots / 64;
    const std::size_t last_word = std::min(allowed_.size(), first_word + kBlockSlots / 64);
    for (std::size_t w = first_word; w < last_word; ++w) {
      for (std::uint64_t rest = allowed_[w]; rest != 0; rest &= rest - 1) {
        const std::size_t slot = 64 * w + static_cast<std::size_t>(std::countr_zero(rest));
        scratch.position[slot % kBlockSlots] = static_cast<std::uint16_t>(count);
        scratch.slots[count++] = static_cast<std::uint32_t>(slot);
      }
    }
    return count;
  }

  void scan_block(std::size_t block, Scratch& scratch, LaneFound& found) const {
    const std::size_t count = list_allowed(block, scratch);
    const Kernels& kernel = kernels();
    kernel.dot_codes(view_.codes().data(), scratch.slots.data(), count, queries_.values, lanes_,
                     scratch.dots);
    kernel.estimate(scratch.dots, view_.code_scales().data(), scratch.slots.data(), count, lines_,
                    scratch.scores, scratch.passed.data());
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      add_hits(block, lane, scratch, found[lane]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (unsigned rest = scratch.passed[i]; rest != 0; rest &= rest - 1) {
        const auto lane = static_cast<std::size_t>(std::countr_zero(rest));
        found[lane].push_back({place_of(part_, scratch.slots[i]), 0, scratch.scores[i][lane], {}});
      }
    }
  }

  /// Adapters with a word of the query; the plain sweep over the block, which knows no words,
  /// passes over them.
  void add_hits(std::size_t block, std::size_t lane, Scratch& scratch,
                std::vector<Found>& found) const {
    const Estimate& estimate = estimates_[lane];
    const auto others = static_cast<std::uint8_t>(~(1U << lane));
    for (const LexicalHit& hit : lexical_.hits[part_][block][lane]) {
      const std::size_t at = scratch.position[hit.slot % kBlockSlots];
      const float value = scratch.scores[at][lane] + estimate.lexical_slope * hit.score;
      if (value >= estimate.threshold) {
        found.push_back({place_of(part_, hit.slot), hit.score, value, {}});
      }
      scratch.passed[at] &= others;
    }
  }

  const IndexView& view_;
  std::size_t part_;
  const CodedQueries& queries_;
  std::size_t lanes_;
  std::span<const Estimate> estimates_;
  std::span<const std::uint64_t> allowed_;
  const LexicalScores& lexical_;
  LaneLines lines_;
};

/// Appends what reaches the thresholds.
void scan_all(const Corpus& corpus, const CodedQueries& queries,
              std::span<const Estimate> estimates, const AllowedSlots& allowed,
              const LexicalScores& lexical, std::span<std::vector<Found>> found) {
  for (std::size_t part = 0; part < corpus.parts().size(); ++part) {
    std::vector<LaneFound> blocks(lexical.hits[part].size());
    Scan(corpus, part, queries, found.size(), estimates, allowed.words[part], lexical).run(blocks);
    for (const LaneFound& block : blocks) {
      for (std::size_t lane = 0; lane < found.size(); ++lane) {
        found[lane].insert(found[lane].end(), block[lane].begin(), block[lane].end());
      }
    }
  }
}

std::vector<std::array<float, kLanes>> sample_codes(const Corpus& corpus,
                                                    const CodedQueries& queries, std::size_t lanes,
                                                    std::span<const Place> sample) {
  std::vector<std::array<float, kLanes>> scores(sample.size());
  LaneLines lines;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    lines.offset[lane] = static_cast<float>(queries.offset[lane]);
    lines.slope[lane] = queries.scale[lane];
  }
  parallel_for(sample.size(), 256, [&](std::size_t from, std::size_t to) {
    std::int32_t dots[1][kLanes] = {};
    float score[1][kLanes];
    std::uint8_t passed = 0;
    for (std::size_t i = from; i < to; ++i) {
      const std::uint32_t slot = slot_in_part(sample[i]);
      const IndexView& view = corpus.parts()[part_of(sample[i])].view;
      kernels().dot_codes(view.codes().data(), &slot, 1, queries.values, lanes, dots);
      kernels().estimate(dots, view.code_scales().data(), &slot, 1, lines, score, &passed);
      std::copy_n(score[0], lanes, scores[i].begin());
    }
  });
  return scores;
}

}  // namespace

std::vector<std::vector<Found>> estimate_best(
    const Corpus& corpus, const DenseQueries& queries, const AllowedSlots& allowed,
    const LexicalScores& lexical, std::span<const Fusion> fusions, std::span<const Place> sample,
    std::span<const LaneCosines> sample_cosines, std::size_t wanted) {
  const CodedQueries coded =
      code_queries(corpus.parts()[0].view.rotation(), queries.dim, queries.values);
  const auto codes = sample_codes(corpus, coded, queries.lanes, sample);
  std::vector<Estimate> estimates;
  estimates.reserve(queries.lanes);
  for (std::size_t lane = 0; lane < queries.lanes; ++lane) {
    estimates.push_back(fit(fusions[lane], sample_cosines, codes, lane));
  }
  std::vector<std::vector<Found>> found(queries.lanes);
  const double share = static_cast<double>(wanted) / static_cast<double>(allowed.count);
  for (const double spare : kSpare) {
    bool any = false;
    for (std::size_t lane = 0; lane < queries.lanes; ++lane) {
      const bool pending = queries.used[lane] && found[lane].size() < wanted;
      any = any || pending;
      estimates[lane].threshold =
          pending ? threshold_for(estimates[lane], codes, lexical.sample, lane, spare, share)
                  : std::numeric_limits<float>::infinity();
      if (pending) {
        found[lane].clear();
      }
    }
    if (!any) {
      break;
    }
    scan_all(corpus, coded, estimates, allowed, lexical, found);
  }
  for (std::vector<Found>& lane : found) {
    keep_best(corpus, lane, wanted);
    std::sort(lane.begin(), lane.end(),
              [](const Found& a, const Found& b) { return a.place < b.place; });
  }
  return found;
}

}  // namespace stylus::retriever
