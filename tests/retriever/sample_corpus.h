#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "catalog/adapter.h"
#include "catalog/adapter_set.h"
#include "retriever/index_builder.h"
#include "retriever/index_view.h"
#include "support/rows.h"

namespace stylus::retriever {

/// Made-up adapters with their three vectors, the same on every machine.
struct SampleCorpus {
  std::vector<catalog::Document> documents;  ///< Rows 1, 2, 3, …
  std::array<Rows, kVectorFields> vectors;   ///< [documents, dim], unit rows
  std::size_t dim = 0;

  [[nodiscard]] catalog::AdapterSet all() const;
  [[nodiscard]] catalog::AdapterSet every(std::int64_t step) const;  ///< Rows step, 2 step, …
};

/// Words follow a Zipf-like law over a small vocabulary; vectors lie in clusters.
[[nodiscard]] SampleCorpus sample_corpus(std::size_t adapters, std::size_t dim,
                                         std::uint32_t seed = 7);

/// Unit rows near some adapters' vectors, and texts of one to three vocabulary words.
struct SampleQueries {
  std::vector<std::string> texts;
  Rows vectors;
};
[[nodiscard]] SampleQueries sample_queries(const SampleCorpus& corpus, std::size_t count,
                                           std::uint32_t seed = 11);

/// Bytes of an index of some of the corpus' adapters (`rows` ascending; empty = all).
[[nodiscard]] std::string index_bytes(const SampleCorpus& corpus, const IndexOptions& options = {},
                                      std::span<const catalog::AdapterRow> rows = {},
                                      bool with_vectors = true);

}  // namespace stylus::retriever
