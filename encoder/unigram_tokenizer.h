#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoder/trie.h"

namespace stylus::encoder {

/// The tables of a sentencepiece unigram model, in place in a mapped file.
struct UnigramTables {
  Trie pieces;
  std::span<const float> scores;                  ///< [pieces], log probabilities
  std::span<const std::uint32_t> charsmap_units;  ///< double-array trie of the normaliser
  std::span<const std::uint8_t> charsmap_text;    ///< its replacements, each ended by a zero byte
};

/// Text to piece ids as sentencepiece does it for the Universal Sentence Encoder: nmt_nfkc
/// normalisation, blanks as U+2581, then the segmentation with the highest sum of scores.
///
/// Equal scores go to the segmentation whose last piece starts first. Unknown characters become
/// one id each (sentencepiece would join neighbours). The model file that sentencepiece reads
/// takes 300 ms to open; these tables take none (docs/decisions/008-tokenizer-tables-at-set-up.md).
///
/// Thread safety: immutable.
class UnigramTokenizer {
 public:
  static constexpr std::int32_t kUnknown = 0;
  static constexpr std::int32_t kBegin = 1;
  static constexpr std::int32_t kEnd = 2;
  static constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10U;
  static constexpr std::size_t kMaxTokens = 4096;  ///< kBegin and kEnd included

  /// Requires: scores are finite and charsmap_text ends with a zero byte, if there is any, else
  ///           Error(kCorruptData). The spans outlive the tokenizer.
  explicit UnigramTokenizer(const UnigramTables& tables);

  /// kBegin, the pieces of `text`, kEnd; nothing at all for a text without content. Invalid UTF-8
  /// is repaired first. Only the first kMaxTextBytes and then the first kMaxTokens count.
  /// Cost: linear in the text.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const;

  /// The text that is segmented: normalised, blanks as U+2581. Requires: valid UTF-8.
  [[nodiscard]] std::string normalize(std::string_view text) const;

 private:
  struct Replacement {
    std::string_view text;
    std::size_t consumed = 0;
  };
  [[nodiscard]] Replacement normalize_prefix(std::string_view rest) const;
  [[nodiscard]] std::vector<std::int32_t> segment(std::string_view normalized) const;

  UnigramTables tables_;
  double unknown_score_ = 0.0;
};

}  // namespace stylus::encoder
