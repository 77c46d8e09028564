// The encoders against their reference implementations, on the texts of tests/golden/encoder.
#include <gtest/gtest.h>

#include <algorithm>

#include "encoder/encoder.h"
#include "encoder/model_file.h"
#include "encoder/use_encoder.h"
#include "encoder/word_piece_tokenizer.h"
#include "tests/encoder/encoders_dir.h"
#include "tests/encoder/golden_set.h"
#include "weights/safetensors_file.h"

namespace stylus::encoder {
namespace {

constexpr double kCosineBar = 0.9999;

bool is_zero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float value) { return value == 0.0F; });
}

/// Where the reference sees no token, our contract is a row of zeros.
void expect_vectors_of(const GoldenSet& golden, const TextEncoder& encoder, std::size_t no_tokens) {
  const Rows rows = encoder.encode(golden.texts);

  ASSERT_EQ(rows.rows, golden.texts.size());
  ASSERT_EQ(rows.dim, golden.vectors.dim);
  std::size_t zeros = 0;
  double worst = 1.0;
  for (std::size_t i = 0; i < rows.rows; ++i) {
    if (is_zero(rows.row(i))) {
      ++zeros;
      continue;
    }
    const double similarity = cosine(rows.row(i), golden.vectors.row(i));
    worst = std::min(worst, similarity);
    EXPECT_GE(similarity, kCosineBar) << "text " << i << ": " << golden.texts[i];
    EXPECT_NEAR(cosine(rows.row(i), rows.row(i)), 1.0, 1e-6);
  }
  EXPECT_EQ(zeros, no_tokens);
  testing::Test::RecordProperty("worst_cosine", std::to_string(worst));
}

TEST(UseEncoderGolden, TokenIdsAreThoseOfTheReference) {
  STYLUS_NEEDS_ENCODER("use-multilingual-v3");
  const GoldenSet golden = read_golden_set("use");
  const MappedFile bytes(encoder_folder("use-multilingual-v3") / "tokenizer.safetensors");
  const weights::Safetensors content = weights::parse_safetensors(bytes.bytes(), "tokenizer");
  const UnigramTokenizer tokenizer(unigram_tables(content));

  ASSERT_EQ(golden.texts.size(), 1000U);
  const std::vector<std::int32_t> nothing = {UnigramTokenizer::kBegin, UnigramTokenizer::kUnknown,
                                             UnigramTokenizer::kEnd};
  for (std::size_t i = 0; i < golden.texts.size(); ++i) {
    const auto ids = tokenizer.encode(golden.texts[i]);
    if (golden.ids[i] == nothing && ids.empty()) {
      continue;  // the reference makes one unknown token of an empty text
    }
    EXPECT_EQ(ids, golden.ids[i]) << "text " << i << ": " << golden.texts[i];
  }
}

TEST(UseEncoderGolden, VectorsAreThoseOfTheReference) {
  STYLUS_NEEDS_ENCODER("use-multilingual-v3");
  const auto encoder = open_text_encoder(encoder_folder("use-multilingual-v3"));

  expect_vectors_of(read_golden_set("use"), *encoder, /*no_tokens=*/11);
}

TEST(BertEncoderGolden, TokenIdsAreThoseOfTheReference) {
  STYLUS_NEEDS_ENCODER("minilm");
  const GoldenSet golden = read_golden_set("minilm");
  const MappedFile bytes(encoder_folder("minilm") / "tokenizer.safetensors");
  const weights::Safetensors content = weights::parse_safetensors(bytes.bytes(), "tokenizer");
  const WordPieceTokenizer tokenizer(trie(content, /*piece_count=*/30522), /*max_tokens=*/256);

  ASSERT_GE(golden.texts.size(), 200U);
  const std::vector<std::int32_t> nothing = {101, 102};
  for (std::size_t i = 0; i < golden.texts.size(); ++i) {
    const auto ids = tokenizer.encode(golden.texts[i]);
    if (golden.ids[i] == nothing && ids.empty()) {
      continue;  // the reference encodes the two marks around nothing
    }
    EXPECT_EQ(ids, golden.ids[i]) << "text " << i << ": " << golden.texts[i];
  }
}

TEST(BertEncoderGolden, VectorsAreThoseOfTheReference) {
  STYLUS_NEEDS_ENCODER("minilm");
  const auto encoder = open_text_encoder(encoder_folder("minilm"));

  expect_vectors_of(read_golden_set("minilm"), *encoder, /*no_tokens=*/12);
}

}  // namespace
}  // namespace stylus::encoder
