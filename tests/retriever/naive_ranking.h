#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/adapter_set.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {

/// quality-recipe sections 4, 5 and 7 written down again in doubles, without any index: the oracle
/// that the room is compared with. Slow on purpose.
class NaiveRanking {
 public:
  explicit NaiveRanking(const SampleCorpus& corpus);

  struct Scored {
    catalog::AdapterRow row = 0;
    double score = 0;
    double lexical = 0;
    double z_lexical = 0;
    std::array<double, kVectorFields> cosines = {};
  };
  /// All allowed adapters, best first; `vector` may be empty.
  [[nodiscard]] std::vector<Scored> rank(const std::string& text, std::span<const float> vector,
                                         const catalog::AdapterSet& allowed) const;
  [[nodiscard]] double idf(const std::string& stem) const;
  [[nodiscard]] double field_bm25(const std::string& text, std::size_t field,
                                  catalog::AdapterRow row) const;

 private:
  [[nodiscard]] double bm25f(const std::vector<std::string>& stems, std::size_t document) const;
  [[nodiscard]] double mean_length(std::size_t field) const;

  const SampleCorpus& corpus_;
  std::vector<std::array<std::vector<std::string>, kFields>> fields_;  ///< Stems by adapter.
};

}  // namespace stylus::retriever
