#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "catalog/adapter_set.h"
#include "retriever/corpus.h"
#include "retriever/retriever.h"
#include "support/rows.h"

namespace stylus::retriever {

/// How the two stages divide the work. The defaults are what users get; tests and measurements set
/// others.
struct SearchSettings {
  /// Up to this many allowed adapters every one is scored exactly, and the means and deviations
  /// are over all of them.
  std::size_t exact_up_to = 8192;
  /// Beyond, means and deviations are those of this many allowed adapters, spread evenly over the
  /// rows: the mean is off by 1/45 of a deviation or so. RankOptions::exact uses the same, so that
  /// it is an oracle for the first stage.
  std::size_t sample = 2048;
  /// Candidates of the first stage that are scored exactly: one in `candidate_share` of the allowed
  /// adapters, but at least this many, and at least 4 k.
  std::size_t candidates = 512;
  std::size_t candidate_share = 1000;
};

/// What Retriever does, over an index and a small index of later changes; knows no catalogue.
///
/// Thread safety: const methods from several threads.
class SearchIndex {
 public:
  explicit SearchIndex(IndexView base, std::optional<IndexView> tail = std::nullopt,
                       SearchSettings settings = {});

  /// As Retriever::rank().
  [[nodiscard]] std::vector<Ranking> rank(std::span<const Query> queries, RowsView vectors,
                                          const catalog::AdapterSet& allowed,
                                          const RankOptions& options) const;
  /// As Retriever::named_in().
  [[nodiscard]] std::vector<NamedAdapter> named_in(std::string_view text,
                                                   const catalog::AdapterSet& among) const;
  /// As Retriever::trigger_frequency().
  [[nodiscard]] std::int64_t trigger_frequency(std::string_view phrase) const;

  [[nodiscard]] const Corpus& corpus() const { return corpus_; }

 private:
  Corpus corpus_;
  SearchSettings settings_;
};

}  // namespace stylus::retriever
