#include "encoder/use_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "encoder/row_math.h"
#include "support/error.h"

namespace stylus::encoder {
namespace {

constexpr std::size_t kEmbedding = 512;
constexpr std::size_t kBranch = 256;
constexpr std::size_t kBranches = 3;
constexpr std::size_t kFeatures = kEmbedding + kBranches * kBranch;
constexpr std::size_t kResult = 512;
constexpr std::size_t kHidden = 320;
constexpr std::size_t kCodeGroups = 17;  // piece r has the scale and the lowest value r % 17
constexpr std::size_t kMaxReach = 2;     // the widest window looks two tokens to either side

std::span<const float> vector(const ModelFile& file, const std::string& name, std::size_t size) {
  return floats(file.content(), name, {static_cast<std::int64_t>(size)});
}

/// The tokens of a batch with two rows of zeros before, between and behind the texts, so that a
/// window that leaves its text reads zeros and windows need no copying.
struct PaddedTokens {
  explicit PaddedTokens(const Batch& batch)
      : rows(batch.tokens + kMaxReach * (batch.texts.size() + 1), kBranch) {
    std::size_t at = kMaxReach;
    for (const TokenIds& ids : batch.texts) {
      for (std::size_t t = 0; t < ids.size(); ++t) {
        places.push_back(at++);
      }
      at += kMaxReach;
    }
  }
  [[nodiscard]] std::span<float> token(std::size_t t) { return rows.row(places[t]); }
  [[nodiscard]] std::vector<const float*> windows(std::size_t left) const {
    std::vector<const float*> starts;
    for (const std::size_t place : places) {
      starts.push_back(rows.values.data() + (place - left) * kBranch);
    }
    return starts;
  }

  Rows rows;
  std::vector<std::size_t> places;
};

}  // namespace

UnigramTables unigram_tables(const weights::Safetensors& file) {
  const auto scores = floats(file, "scores", {-1});
  return {trie(file, scores.size()), scores, words(file, "charsmap.units"),
          octets(file, "charsmap.text", {-1})};
}

UseEncoder::UseEncoder(std::string id, ModelFile model, ModelFile tokenizer)
    : id_(std::move(id)),
      model_(std::move(model)),
      tokenizer_file_(std::move(tokenizer)),
      tokenizer_(unigram_tables(tokenizer_file_.content())),
      epsilon_(static_cast<float>(metadata_number(model_.content(), "epsilon"))),
      codes_(octets(model_.content(), "embedding.codes", {-1, kEmbedding})),
      code_scale_(vector(model_, "embedding.scale", kCodeGroups)),
      code_low_(vector(model_, "embedding.low", kCodeGroups)),
      project_(matrix(model_.content(), "project.weight", kEmbedding, kBranches * kBranch)),
      project_bias_(vector(model_, "project.bias", kBranches * kBranch)),
      project_norm_{vector(model_, "project.norm.weight", kBranches * kBranch),
                    vector(model_, "project.norm.bias", kBranches * kBranch)},
      branches_{branch(2, 0), branch(3, 1), branch(5, 2)},
      norm_{vector(model_, "norm.weight", kFeatures), vector(model_, "norm.bias", kFeatures)},
      sentence_(matrix(model_.content(), "sentence.weight", kFeatures, kResult)),
      sentence_bias_(vector(model_, "sentence.bias", kResult)),
      head_{matrix(model_.content(), "head0.weight", kResult, kHidden),
            matrix(model_.content(), "head1.weight", kResult + kHidden, kHidden),
            matrix(model_.content(), "head2.weight", kHidden, kResult),
            matrix(model_.content(), "head3.weight", kHidden + kResult, kResult)} {
  const std::size_t pieces = unigram_tables(tokenizer_file_.content()).scores.size();
  require(pieces <= codes_.size() / kEmbedding, ErrorCode::kCorruptData, "the tokenizer has ",
          pieces, " pieces, the model only ", codes_.size() / kEmbedding, " embeddings");
}

UseEncoder::Branch UseEncoder::branch(std::size_t order, std::size_t left) const {
  const std::string name = "ngram" + std::to_string(order);
  return {order,
          left,
          {matrix(model_.content(), name + ".1.weight", order * kBranch, kBranch),
           matrix(model_.content(), name + ".2.weight", order * kBranch, kBranch)},
          {vector(model_, name + ".1.bias", kBranch), vector(model_, name + ".2.bias", kBranch)}};
}

std::size_t UseEncoder::dim() const { return kResult; }

Rows UseEncoder::encode(std::span<const std::string> texts) const {
  return encode_in_batches(
      texts, kResult, [this](const std::string& text) { return tokenizer_.encode(text); },
      [this](const Batch& batch) { return run(batch); });
}

void UseEncoder::embed(const Batch& batch, Rows& features) const {
  std::size_t t = 0;
  for (const TokenIds& ids : batch.texts) {
    for (const std::int32_t id : ids) {
      const auto piece = static_cast<std::size_t>(id);
      const auto codes = codes_.subspan(piece * kEmbedding, kEmbedding);
      model_.prove(std::as_bytes(codes));
      const float step = code_scale_[piece % kCodeGroups];
      const float low = code_low_[piece % kCodeGroups];
      float* out = features.row(t++).data();
      for (std::size_t i = 0; i < kEmbedding; ++i) {
        out[i] = static_cast<float>(codes[i]) * step + low;
      }
    }
  }
}

void UseEncoder::convolve(const Batch& batch, const Branch& branch, std::size_t number,
                          const Rows& projected, Rows& features) const {
  const auto input = [&](std::size_t t) {
    return projected.row(t).subspan(number * kBranch, kBranch);
  };
  PaddedTokens tokens(batch);
  for (std::size_t t = 0; t < batch.tokens; ++t) {
    std::copy_n(input(t).begin(), kBranch, tokens.token(t).begin());
  }
  const std::vector<const float*> windows = tokens.windows(branch.left);

  Rows inner(batch.tokens, kBranch);
  multiply(windows, branch.weight[0], inner.values.data(), kBranch);
  for (std::size_t t = 0; t < batch.tokens; ++t) {
    add(inner.row(t), branch.bias[0]);
    rectify(inner.row(t));
    add(inner.row(t), input(t));  // residual
    std::copy_n(inner.row(t).begin(), kBranch, tokens.token(t).begin());
  }

  const std::size_t column = kEmbedding + number * kBranch;
  multiply(windows, branch.weight[1], features.values.data() + column, kFeatures);
  for (std::size_t t = 0; t < batch.tokens; ++t) {
    const std::span<float> out = features.row(t).subspan(column, kBranch);
    add(out, branch.bias[1]);
    rectify(out);
    add(out, inner.row(t));
  }
}

Rows UseEncoder::sum_texts(const Batch& batch, const Rows& features) const {
  Rows sums(batch.texts.size(), kFeatures);
  std::size_t t = 0;
  for (std::size_t i = 0; i < batch.texts.size(); ++i) {
    for (std::size_t k = 0; k < batch.texts[i].size(); ++k) {
      add(sums.row(i), features.row(t++));
    }
  }
  Rows sentences(batch.texts.size(), kResult);
  multiply(row_pointers(sums), sentence_, sentences.values.data(), kResult);  // [N, 512]
  for (std::size_t i = 0; i < batch.texts.size(); ++i) {
    const auto count = static_cast<float>(batch.texts[i].size());
    const std::span<float> row = sentences.row(i);
    for (std::size_t c = 0; c < kResult; ++c) {
      row[c] += count * sentence_bias_[c];
    }
    scale(row, 1.0F / std::sqrt(count));
  }
  return sentences;
}

Rows UseEncoder::head(const Rows& sentences) const {
  const std::size_t n = sentences.rows;
  const auto rectify_part = [n](Rows& rows, std::size_t column, std::size_t width) {
    for (std::size_t i = 0; i < n; ++i) {
      rectify(rows.row(i).subspan(column, width));
    }
  };
  Rows wide(n, kResult + kHidden);  // the sentence, then what the first matrix makes of it
  for (std::size_t i = 0; i < n; ++i) {
    std::copy_n(sentences.row(i).begin(), kResult, wide.row(i).begin());
  }
  multiply(row_pointers(sentences), head_[0], wide.values.data() + kResult, wide.dim);
  rectify_part(wide, kResult, kHidden);

  Rows hidden(n, kHidden + kResult);
  multiply(row_pointers(wide), head_[1], hidden.values.data(), hidden.dim);
  rectify_part(hidden, 0, kHidden);
  multiply(row_pointers(hidden), head_[2], hidden.values.data() + kHidden, hidden.dim);
  rectify_part(hidden, kHidden, kResult);

  Rows result(n, kResult);
  multiply(row_pointers(hidden), head_[3], result.values.data(), kResult);  // [N, 512]
  return result;
}

Rows UseEncoder::run(const Batch& batch) const {
  Rows features(batch.tokens, kFeatures);
  embed(batch, features);

  Rows projected(batch.tokens, kBranches * kBranch);
  multiply(row_pointers(features), project_, projected.values.data(), projected.dim);
  for (std::size_t t = 0; t < batch.tokens; ++t) {
    add(projected.row(t), project_bias_);
    layer_norm(projected.row(t), project_norm_.gain, project_norm_.bias, epsilon_);
  }
  for (std::size_t i = 0; i < kBranches; ++i) {
    convolve(batch, branches_[i], i, projected, features);
  }
  for (std::size_t t = 0; t < batch.tokens; ++t) {
    layer_norm(features.row(t), norm_.gain, norm_.bias, epsilon_);
  }

  Rows result = head(sum_texts(batch, features));
  for (std::size_t i = 0; i < result.rows; ++i) {
    const std::span<float> row = result.row(i);
    for (float& value : row) {
      value = std::tanh(value);
    }
    scale(row, 1.0F / std::sqrt(std::max(squared_norm(row), epsilon_)));
  }
  return result;
}

}  // namespace stylus::encoder
