#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "encoder/batches.h"
#include "encoder/encoder.h"
#include "encoder/linear.h"
#include "encoder/model_file.h"
#include "encoder/unigram_tokenizer.h"

namespace stylus::encoder {

/// The tokenizer's tables in a parsed tokenizer.safetensors of architecture "use", else
/// Error(kCorruptData). `file` was parsed from bytes that outlive the result.
[[nodiscard]] UnigramTables unigram_tables(const weights::Safetensors& file);

/// The Universal Sentence Encoder, multilingual, version 3: 8-bit embeddings of sentencepiece
/// pieces, three convolution branches over pairs, triples and fives, a sum over the text and a
/// small head. The arithmetic is float32.
///
/// Shapes: T tokens; embedding [T, 512]; branches [T, 256] each; features [T, 512 + 3 * 256];
///         result [512]. Format: docs/formats.md#encoder-folder
class UseEncoder : public TextEncoder {
 public:
  /// Requires: the two files of such a folder, else Error(kCorruptData) that names the tensor.
  UseEncoder(std::string id, ModelFile model, ModelFile tokenizer);

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] std::size_t dim() const override;
  [[nodiscard]] Rows encode(std::span<const std::string> texts) const override;

 private:
  /// Two convolutions over a window of `order` tokens, `left` of them before the token.
  struct Branch {
    std::size_t order;
    std::size_t left;
    std::array<PackedMatrix, 2> weight;  // [order * 256, 256]
    std::array<std::span<const float>, 2> bias;
  };
  struct Norm {
    std::span<const float> gain;
    std::span<const float> bias;
  };

  [[nodiscard]] Branch branch(std::size_t order, std::size_t left) const;
  void embed(const Batch& batch, Rows& features) const;
  void convolve(const Batch& batch, const Branch& branch, std::size_t number, const Rows& projected,
                Rows& features) const;
  [[nodiscard]] Rows sum_texts(const Batch& batch, const Rows& features) const;
  [[nodiscard]] Rows head(const Rows& sentences) const;
  [[nodiscard]] Rows run(const Batch& batch) const;

  std::string id_;
  ModelFile model_;
  ModelFile tokenizer_file_;
  UnigramTokenizer tokenizer_;
  float epsilon_;
  std::span<const std::uint8_t> codes_;  // [pieces, 512]
  std::span<const float> code_scale_;    // [17], for piece r: entry r % 17
  std::span<const float> code_low_;
  PackedMatrix project_;  // [512, 3 * 256]
  std::span<const float> project_bias_;
  Norm project_norm_;
  std::array<Branch, 3> branches_;
  Norm norm_;
  PackedMatrix sentence_;  // [1280, 512]
  std::span<const float> sentence_bias_;
  std::array<PackedMatrix, 4> head_;
};

}  // namespace stylus::encoder
