#include "encoder/bert_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "encoder/attention.h"
#include "encoder/row_math.h"
#include "support/error.h"

namespace stylus::encoder {
namespace {

constexpr std::size_t kMaxLayers = 48;
constexpr std::size_t kExpansion = 4;
// Norms divide by at least this; only a vector of zeros is that short.
constexpr float kSmallestSquaredNorm = 1e-24F;

std::span<const float> vector(const ModelFile& file, const std::string& name, std::size_t size) {
  return floats(file.content(), name, {static_cast<std::int64_t>(size)});
}

/// The last dimension of a matrix in the file; its dtype is checked when it is read.
std::size_t width_of(const ModelFile& file, std::string_view name) {
  for (const weights::Tensor& tensor : file.content().tensors) {
    if (tensor.name == name && tensor.shape.size() == 2) {
      const std::int64_t width = tensor.shape[1];
      require(width > 0 && width % static_cast<std::int64_t>(kPanelWidth) == 0 && width <= 8192,
              ErrorCode::kCorruptData, "the encoder's tensor '", name, "' has ", width,
              " columns, expected a multiple of ", kPanelWidth);
      return static_cast<std::size_t>(width);
    }
  }
  fail(ErrorCode::kCorruptData, "the encoder's file lacks the tensor '", name,
       "'; fetch the encoder again");
}

std::size_t count_from(const ModelFile& file, const std::string& key, std::size_t low,
                       std::size_t high) {
  const double value = metadata_number(file.content(), key);
  require(value >= static_cast<double>(low) && value <= static_cast<double>(high),
          ErrorCode::kCorruptData, "the encoder's metadata '", key, "' is ", value,
          ", expected a number from ", low, " to ", high);
  return static_cast<std::size_t>(value);
}

std::size_t token_limit(const ModelFile& file, std::size_t places) {
  require(places >= 2, ErrorCode::kCorruptData, "the encoder knows ", places,
          " places of a text, expected at least 2");
  return count_from(file, "max_tokens", 2, places);
}

}  // namespace

BertEncoder::BertEncoder(std::string id, ModelFile model, ModelFile tokenizer)
    : id_(std::move(id)),
      model_(std::move(model)),
      tokenizer_file_(std::move(tokenizer)),
      words_(floats(model_.content(), "embedding.words", {-1, -1})),
      position_(floats(model_.content(), "embedding.position",
                       {-1, static_cast<std::int64_t>(width_of(model_, "embedding.words"))})),
      width_(width_of(model_, "embedding.words")),
      heads_(count_from(model_, "heads", 1, width_)),
      epsilon_(static_cast<float>(metadata_number(model_.content(), "epsilon"))),
      embedding_norm_(norm("embedding.norm")),
      tokenizer_(trie(tokenizer_file_.content(), words_.size() / width_),
                 token_limit(model_, position_.size() / width_)) {
  require(width_ == heads_ * kHeadWidth, ErrorCode::kUnsupported, "the encoder has ", heads_,
          " heads over ", width_, " columns; only heads of ", kHeadWidth, " columns are known");
  const std::size_t count = count_from(model_, "layers", 1, kMaxLayers);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "layer" + std::to_string(i) + ".";
    layers_.push_back(
        {linear(name + "attention", width_, 3 * width_),
         linear(name + "attention_out", width_, width_), norm(name + "attention_norm"),
         linear(name + "expand", width_, kExpansion * width_),
         linear(name + "contract", kExpansion * width_, width_), norm(name + "norm")});
  }
}

BertEncoder::Linear BertEncoder::linear(const std::string& name, std::size_t inputs,
                                        std::size_t outputs) const {
  return {matrix(model_.content(), name + ".weight", inputs, outputs),
          vector(model_, name + ".bias", outputs)};
}

BertEncoder::Norm BertEncoder::norm(const std::string& name) const {
  return {vector(model_, name + ".weight", width_), vector(model_, name + ".bias", width_)};
}

Rows BertEncoder::encode(std::span<const std::string> texts) const {
  return encode_in_batches(
      texts, width_, [this](const std::string& text) { return tokenizer_.encode(text); },
      [this](const Batch& batch) { return run(batch); });
}

Rows BertEncoder::apply(const Linear& linear, const Rows& rows) const {
  Rows result(rows.rows, linear.weight.outputs);
  multiply(row_pointers(rows), linear.weight, result.values.data(), result.dim);
  for (std::size_t t = 0; t < rows.rows; ++t) {
    add(result.row(t), linear.bias);
  }
  return result;
}

void BertEncoder::embed(const Batch& batch, Rows& tokens) const {
  std::size_t t = 0;
  for (const TokenIds& ids : batch.texts) {
    for (std::size_t place = 0; place < ids.size(); ++place) {
      const auto word = words_.subspan(static_cast<std::size_t>(ids[place]) * width_, width_);
      model_.prove(std::as_bytes(word));
      const std::span<float> row = tokens.row(t++);
      std::copy(word.begin(), word.end(), row.begin());
      add(row, position_.subspan(place * width_, width_));
      layer_norm(row, embedding_norm_.gain, embedding_norm_.bias, epsilon_);
    }
  }
}

Rows BertEncoder::attend(const Batch& batch, const Rows& projected) const {
  Rows mixed(batch.tokens, width_);
  std::size_t first = 0;
  for (const TokenIds& ids : batch.texts) {
    for (std::size_t head = 0; head < heads_; ++head) {
      attend_head(projected, first, ids.size(), head * kHeadWidth, mixed);
    }
    first += ids.size();
  }
  return mixed;
}

void BertEncoder::run_layer(const Batch& batch, const Layer& layer, Rows& tokens) const {
  const auto add_and_norm = [&](const Rows& update, const Norm& norm) {
    for (std::size_t t = 0; t < batch.tokens; ++t) {
      add(tokens.row(t), update.row(t));
      layer_norm(tokens.row(t), norm.gain, norm.bias, epsilon_);
    }
  };
  const Rows mixed = attend(batch, apply(layer.attention, tokens));  // [T, D]
  add_and_norm(apply(layer.attention_out, mixed), layer.attention_norm);
  Rows wide = apply(layer.expand, tokens);  // [T, 4 D]
  gelu(wide.values);
  add_and_norm(apply(layer.contract, wide), layer.norm);
}

Rows BertEncoder::run(const Batch& batch) const {
  Rows tokens(batch.tokens, width_);
  embed(batch, tokens);
  for (const Layer& layer : layers_) {
    run_layer(batch, layer, tokens);
  }
  Rows result(batch.texts.size(), width_);
  std::size_t t = 0;
  for (std::size_t i = 0; i < batch.texts.size(); ++i) {
    const std::span<float> row = result.row(i);
    for (std::size_t k = 0; k < batch.texts[i].size(); ++k) {
      add(row, tokens.row(t++));
    }
    // The mean's length does not matter: the sum is normalised.
    scale(row, 1.0F / std::sqrt(std::max(squared_norm(row), kSmallestSquaredNorm)));
  }
  return result;
}

}  // namespace stylus::encoder
