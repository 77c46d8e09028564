#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/adapter.h"
#include "catalog/card_text.h"
#include "retriever/code_book.h"
#include "retriever/index_format.h"

namespace stylus::retriever {

/// Hash of a sequence of stems: the key of the phrase table. Grows stem by stem.
class PhraseHash {
 public:
  void add(std::string_view stem) {
    state_ = hash_bytes(stem.data(), stem.size(), state_);
    state_ = hash_bytes("\x1f", 1, state_);
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = kHashStart;
};

/// Longer phrases are no names; a prompt hardly holds them word by word.
inline constexpr std::size_t kMaxPhraseTerms = 8;
/// Above this many adapters an index has first-stage codes. Below, every adapter is scored.
inline constexpr std::size_t kCodesFrom = 8192;

struct IndexOptions {
  std::string encoder;        ///< "" = lexical only.
  std::int64_t revision = 0;  ///< Of the catalogue that is read.
  bool by_row = true;         ///< slot = row, for a whole catalogue; else slots count the adapters.
  const CodeBook* code_book = nullptr;  ///< Codes by this book instead of one trained here.
  std::size_t codes_from = kCodesFrom;
};

/// Collects adapters and writes the bytes of an index.
///
/// Requires: documents in ascending row order, then vectors, then write().
/// Cost: memory of about 6 * dim + 12 * (distinct terms) bytes an adapter while building; some
///       20 µs an adapter of lexical work.
class IndexBuilder {
 public:
  explicit IndexBuilder(IndexOptions options);

  void add(const catalog::Document& document);
  /// `field` counts as kVectorFieldNames. Rows without a document are passed over.
  void set_vector(std::size_t field, std::int64_t row, std::span<const float> vector);
  void write(std::ostream& out);

  [[nodiscard]] std::size_t documents() const { return header_.documents; }

 private:
  struct PendingPosting {
    std::uint32_t term;
    Posting posting;
  };
  struct PendingPhrase {
    std::uint64_t hash;
    std::uint32_t hit;
  };

  std::uint32_t next_slot(std::int64_t row);
  std::uint32_t term_of(std::string_view word);
  std::vector<std::uint32_t> terms_of_field(std::string_view text);
  void add_postings(std::uint32_t slot,
                    const std::array<std::vector<std::uint32_t>, kFields>& fields);
  void add_tags(const std::vector<std::string>& tags);
  void add_phrases(std::uint32_t slot, const std::vector<std::string>& texts, bool trigger);
  [[nodiscard]] std::optional<std::uint32_t> slot_of(std::int64_t row) const;
  std::vector<std::uint32_t> sort_terms();
  void count_vectors();
  void make_codes(CodeBook& book, std::vector<std::uint8_t>& codes,
                  std::vector<float>& scales) const;

  IndexOptions options_;
  IndexHeader header_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint64_t> present_;
  std::vector<std::uint16_t> field_lengths_;
  std::unordered_map<std::string, std::uint32_t> term_of_word_;  ///< Also kDropped for stop words.
  std::unordered_map<std::string, std::uint32_t> term_of_stem_;
  std::vector<std::string> stems_;
  std::vector<PendingPosting> postings_;
  std::vector<std::uint32_t> tag_offsets_;
  std::vector<std::uint32_t> tag_terms_;
  std::vector<PendingPhrase> phrases_;
  std::vector<std::uint16_t> vectors_;
  std::vector<std::uint8_t> fields_seen_;  ///< By slot, one bit a vector field.
};

}  // namespace stylus::retriever
