#pragma once

#include <span>
#include <string>
#include <vector>

#include "encoder/batches.h"
#include "encoder/encoder.h"
#include "encoder/linear.h"
#include "encoder/model_file.h"
#include "encoder/word_piece_tokenizer.h"

namespace stylus::encoder {

/// A BERT whose token vectors are averaged: all-MiniLM-L6-v2 and its kin. float32.
///
/// Shapes: T tokens of one text, D = width of the embeddings (a multiple of 32), result [D].
/// Format: docs/formats.md#encoder-folder
class BertEncoder : public TextEncoder {
 public:
  /// Requires: the two files of such a folder, else Error(kCorruptData) that names the tensor.
  BertEncoder(std::string id, ModelFile model, ModelFile tokenizer);

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] std::size_t dim() const override { return width_; }
  [[nodiscard]] Rows encode(std::span<const std::string> texts) const override;

 private:
  struct Linear {
    PackedMatrix weight;
    std::span<const float> bias;
  };
  struct Norm {
    std::span<const float> gain;
    std::span<const float> bias;
  };
  struct Layer {
    Linear attention;      // [D, 3 D]: queries, keys, values
    Linear attention_out;  // [D, D]
    Norm attention_norm;
    Linear expand;    // [D, 4 D]
    Linear contract;  // [4 D, D]
    Norm norm;
  };

  [[nodiscard]] Linear linear(const std::string& name, std::size_t inputs,
                              std::size_t outputs) const;
  [[nodiscard]] Norm norm(const std::string& name) const;
  [[nodiscard]] Rows apply(const Linear& linear, const Rows& rows) const;
  void embed(const Batch& batch, Rows& tokens) const;
  /// Mixes the values of each text's tokens: [T, 3 D] -> [T, D].
  [[nodiscard]] Rows attend(const Batch& batch, const Rows& projected) const;
  void run_layer(const Batch& batch, const Layer& layer, Rows& tokens) const;
  [[nodiscard]] Rows run(const Batch& batch) const;

  std::string id_;
  ModelFile model_;
  ModelFile tokenizer_file_;
  std::span<const float> words_;     // [pieces, D]
  std::span<const float> position_;  // [places, D]
  std::size_t width_;
  std::size_t heads_;
  float epsilon_;
  Norm embedding_norm_;
  std::vector<Layer> layers_;
  WordPieceTokenizer tokenizer_;
};

}  // namespace stylus::encoder
