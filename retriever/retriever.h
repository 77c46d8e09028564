#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter_set.h"
#include "catalog/catalog.h"
#include "support/rows.h"

namespace stylus::retriever {

/// One thing to look up: a keyword of a prompt, or whatever a person typed into search.
struct Query {
  std::string text;
};

/// What the ranking knew of one candidate: the 13 numbers of quality-recipe section 7 (rr is the
/// candidate's place and not stored). z = (s - mean) / std over the filtered adapters.
struct Features {
  float fusion = 0;     ///< Score of section 5.
  float z_lexical = 0;  ///< z(BM25F)
  float log_title = 0;  ///< ln(1 + BM25 of the title alone)
  float log_tags = 0;
  float log_description = 0;
  float cos_title_tags = 0;  ///< cosine to the title-and-tags vector
  float z_title = 0, z_title_tags = 0, z_summary = 0;
  float title_coverage = 0;  ///< idf-weighted share of the query's stems in the title
  float tag_equal = 0;       ///< 1: all stems, in order, equal one tag
  float tag_equal_head = 0;  ///< 1: the last stem equals a whole tag
  float lexical = 0;         ///< BM25F itself
};

/// One adapter proposed for one query.
struct Candidate {
  catalog::AdapterRow row = 0;
  float score = 0;  ///< features.fusion; comparable within one query only.
  Features features;
};

/// The answer to one query, best first. Ties: lower row first.
struct Ranking {
  std::vector<Candidate> candidates;
  float max_idf = 0;  ///< Highest idf among the query's stems; 0 when no stem is known.
  bool any_stem_known = false;
};

struct RankOptions {
  std::size_t k = 10;          ///< Candidates per query.
  bool with_features = false;  ///< Fill all of Features (costs some microseconds a candidate).
  bool exact = false;  ///< Score every filtered adapter in float32; the oracle of the tests.
  /// Multiplies the idf of a stem of the queries, [0, 1]; empty = 1 for all. The composer uses it
  /// for words that every prompt holds ("masterpiece").
  std::function<double(std::string_view stem)> word_value;
};

/// An adapter whose name or trigger phrase stands in a text.
struct NamedAdapter {
  catalog::AdapterRow row = 0;
  std::string field;      ///< "name" or "trigger"
  std::string phrase;     ///< The words that matched, lower case.
  std::size_t begin = 0;  ///< Byte offsets [begin, end) into the text.
  std::size_t end = 0;
  float specificity = 0;  ///< Sum of the idf of its words: how unlikely a chance match is.
};

/// Ranked adapters for queries under a filter: BM25F and cosine, fused (quality-recipe 4 and 5).
/// The only room that knows FAISS. Holds the index in memory (mapped); reads the catalogue only
/// when it is opened.
///
/// Thread safety: const methods from several threads.
/// Format: docs/formats.md#index
class Retriever {
 public:
  /// Maps the index of (catalogue, encoder) under `index_folder`; adapters that changed since the
  /// index was written are kept in a small part in memory, so they are searchable at once.
  /// Builds the index first when there is none. `encoder_id` may be "": lexical only.
  Retriever(const catalog::Catalog& catalog, const std::filesystem::path& index_folder,
            std::string_view encoder_id);
  Retriever(Retriever&&) noexcept;
  Retriever& operator=(Retriever&&) noexcept;
  ~Retriever();

  /// Writes a fresh index for the catalogue's revision (atomically) and removes older ones of the
  /// same encoder. Call it after vectors were stored: that changes no revision, so an index that
  /// was built before would stay. (One that lacked vectors altogether is noticed on opening.)
  static void build(const catalog::Catalog& catalog, const std::filesystem::path& index_folder,
                    std::string_view encoder_id);

  /// Shapes: Q queries; vectors [Q, D] unit rows in query order, or empty for lexical only. A row
  /// of
  ///         zeros, and any vector while the index has none, counts as no vector.
  /// Filter first: means, deviations and ranks are over `allowed` alone.
  /// Without a vector the score is z(BM25F), and only adapters that hold a stem are listed. An
  /// adapter without vectors has cosines of 0.
  /// Requires: as many vectors as queries, of the index's width, finite, else
  ///           Error(kInvalidArgument).
  /// Cost: one pass over the codes for each eight queries.
  [[nodiscard]] std::vector<Ranking> rank(std::span<const Query> queries, RowsView vectors,
                                          const catalog::AdapterSet& allowed,
                                          const RankOptions& options) const;

  /// Adapters of `among` that `text` names by a trigger phrase or by their name, most specific
  /// first, each once. Decides which characters a prompt asks for. A phrase without a word that is
  /// rare among the adapters ("red hair") names nobody.
  [[nodiscard]] std::vector<NamedAdapter> named_in(std::string_view text,
                                                   const catalog::AdapterSet& among) const;

  /// How many adapters have this phrase, whole, in their comma lists of triggers: a trigger that
  /// fires for many is no evidence. Of a phrase with commas, the rarest part counts.
  [[nodiscard]] std::int64_t trigger_frequency(std::string_view phrase) const;

  [[nodiscard]] std::int64_t revision() const;
  [[nodiscard]] std::size_t size() const;  ///< Adapters in the index.
  [[nodiscard]] bool has_vectors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::retriever
