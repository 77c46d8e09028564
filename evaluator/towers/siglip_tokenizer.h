#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::evaluator {

/// SigLIP's tokenizer: a sentencepiece model (spiece.model) behind the cleaning of transformers'
/// SiglipTokenizer: lower case, without ASCII punctuation, blanks collapsed. Leading blanks are
/// dropped, as in training; transformers makes a piece of them.
/// Thread safety: immutable.
class SiglipTokenizer {
 public:
  /// Requires: a sentencepiece model with the piece "</s>", else Error(kNotFound, kCorruptData).
  explicit SiglipTokenizer(const std::filesystem::path& file);
  ~SiglipTokenizer();
  SiglipTokenizer(SiglipTokenizer&&) noexcept;
  SiglipTokenizer& operator=(SiglipTokenizer&&) noexcept;

  /// The pieces of `text` and "</s>", cut with the end kept and padded with "</s>" to `length`.
  /// `truncated` becomes whether anything was cut. Invalid UTF-8 is repaired first.
  /// Requires: length > 0.
  [[nodiscard]] std::vector<std::int64_t> encode_padded(std::string_view text, std::size_t length,
                                                        bool& truncated) const;

  [[nodiscard]] std::int64_t size() const;  ///< Number of pieces.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::evaluator
