#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stylus::generator {

/// CLIP's byte-level BPE: text to ids as transformers 5.23's CLIPTokenizer does it.
///
/// Text is normalised (NFC, white space to one blank, lower case), cut into contractions, runs of
/// letters, single digits and runs of everything else; each word's UTF-8 bytes become symbols, the
/// last with "</w>", and the pair of lowest rank is merged until none is left.
///
/// Thread safety: immutable.
class ClipTokenizer {
 public:
  static constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10U;
  static constexpr std::size_t kMaxFileBytes = std::size_t{8} << 20U;
  static constexpr std::size_t kMaxTokens = 1'000'000;

  /// Content of vocab.json and merges.txt; `what` names them in messages.
  /// Requires: ids 0 .. n-1, each once; every merge made of known tokens and giving one; the two
  ///           special tokens; else Error(kCorruptData).
  [[nodiscard]] static ClipTokenizer from_vocabulary(std::string_view vocab_json,
                                                     std::string_view merges,
                                                     std::string_view what);

  /// Content of bpe_simple_vocab_16e6.txt (unpacked): the vocabulary of OpenAI's and OpenCLIP's
  /// models, 49408 tokens. Its merges beyond the 48894 that CLIP uses are ignored.
  /// Requires: such a file, else Error(kCorruptData).
  [[nodiscard]] static ClipTokenizer from_merges(std::string_view merges, std::string_view what);

  /// A folder with vocab.json and merges.txt (diffusers' tokenizer/), or a file for from_merges().
  /// Requires: they can be read (at most kMaxFileBytes each), else Error(kNotFound or kIo).
  [[nodiscard]] static ClipTokenizer open(const std::filesystem::path& path);

  /// Ids of the text alone: no start, end or padding. "<|startoftext|>" and "<|endoftext|>" in the
  /// text are those tokens. Only the first kMaxTextBytes count.
  /// Cost: linear in the text, times the logarithm of its longest word.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text) const;

  /// start, the ids of `text` as far as they fit, end, padding: exactly `length` ids.
  /// Requires: length >= 2.
  [[nodiscard]] std::vector<std::int64_t> encode_padded(std::string_view text, std::size_t length,
                                                        std::int64_t padding) const;

  [[nodiscard]] std::int64_t start() const { return start_; }  ///< "<|startoftext|>"
  [[nodiscard]] std::int64_t end() const { return end_; }      ///< "<|endoftext|>"
  [[nodiscard]] std::int64_t comma() const { return comma_; }  ///< ",</w>"; -1 if there is none.
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

  /// The id of a token as the vocabulary spells it ("cat</w>"), or -1.
  [[nodiscard]] std::int64_t id_of(std::string_view token) const;

 private:
  struct Merge {
    std::uint32_t rank = 0;
    std::int32_t result = 0;
  };

  ClipTokenizer() = default;
  void add_merges(const std::vector<std::string_view>& lines, std::string_view what);
  void finish(std::string_view what);
  void append_plain(std::string_view text, std::vector<std::int64_t>& ids) const;
  void append_word(std::string_view word, std::vector<std::int64_t>& ids) const;

  std::unordered_map<std::string, std::int32_t> ids_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // by (left << 32) | right
  std::vector<std::int32_t> byte_ids_;               // [256]: the byte's symbol
  std::vector<std::int32_t> last_byte_ids_;          // [256]: the same with </w>
  std::int64_t start_ = 0;
  std::int64_t end_ = 0;
  std::int64_t comma_ = -1;
};

}  // namespace stylus::generator
