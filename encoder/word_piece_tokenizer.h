#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "encoder/trie.h"

namespace stylus::encoder {

/// Ids of the pieces that every BERT vocabulary has.
struct WordPieceSpecials {
  std::int32_t unknown = 0;  ///< [UNK]
  std::int32_t begin = 0;    ///< [CLS]
  std::int32_t end = 0;      ///< [SEP]
  std::int32_t padding = 0;  ///< [PAD]
  std::int32_t masked = 0;   ///< [MASK]
};

/// Text to ids as BERT's uncased tokenizer does it: control characters away, white space to
/// blanks, CJK characters apart, accents off, lower case, punctuation apart, then the longest
/// pieces of each word from the left; pieces inside a word are spelled ##piece.
///
/// A word of more than 100 characters, or one that no pieces make up, is one [UNK]. The five
/// special pieces are recognised when the text spells them.
///
/// Thread safety: immutable.
class WordPieceTokenizer {
 public:
  static constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10U;

  /// Requires: `pieces` holds the five special pieces, else Error(kCorruptData); max_tokens >= 2.
  WordPieceTokenizer(const Trie& pieces, std::size_t max_tokens);

  /// [CLS], at most max_tokens - 2 pieces of `text`, [SEP]; nothing at all for a text without
  /// pieces. Invalid UTF-8 is dropped. Only the first kMaxTextBytes count.
  /// Cost: linear in the text, times the longest piece.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text) const;

 private:
  void append_plain(std::string_view text, std::vector<std::int32_t>& ids) const;
  void append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  Trie pieces_;
  std::size_t max_pieces_;
  std::int32_t inner_ = 0;  // the trie's node of "##"
  WordPieceSpecials specials_;
};

}  // namespace stylus::encoder
