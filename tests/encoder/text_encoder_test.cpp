// What every encoder promises in encoder/encoder.h, whatever its architecture.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "encoder/encoder.h"
#include "tests/encoder/encoders_dir.h"
#include "tests/encoder/golden_set.h"

namespace stylus::encoder {
namespace {

class AnyTextEncoder : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    STYLUS_NEEDS_ENCODER(GetParam());
    encoder_ = open_text_encoder(encoder_folder(GetParam()));
  }
  [[nodiscard]] std::vector<float> encode_alone(const std::string& text) const {
    return encoder_->encode(std::span(&text, 1)).values;
  }

  std::unique_ptr<TextEncoder> encoder_;
};

std::vector<float> values(std::span<const float> row) { return {row.begin(), row.end()}; }

TEST_P(AnyTextEncoder, ARowDependsOnItsTextAloneBitForBit) {
  std::vector<std::string> texts = read_golden_set("minilm").texts;
  texts.resize(180);  // odd texts, single words and sentences
  std::vector<std::vector<float>> alone;
  for (const std::string& text : texts) {
    alone.push_back(encode_alone(text));
  }
  std::vector<std::size_t> order(texts.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::mt19937 random(1);
  for (const std::size_t size : {std::size_t{2}, std::size_t{5}, std::size_t{64}, texts.size()}) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::string> batch;
    for (std::size_t i = 0; i < size; ++i) {
      batch.push_back(texts[order[i]]);
    }
    const Rows rows = encoder_->encode(batch);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(values(rows.row(i)), alone[order[i]])
          << "in a batch of " << size << ": " << texts[order[i]];
    }
  }
}

TEST_P(AnyTextEncoder, TextsWithoutTokensAreZerosAndOthersHaveLengthOne) {
  const std::vector<std::string> texts = {"", "a red fox", "  \t\n", "snow"};

  const Rows rows = encoder_->encode(texts);

  ASSERT_EQ(rows.rows, 4U);
  ASSERT_EQ(rows.dim, encoder_->dim());
  for (std::size_t i = 0; i < 4; ++i) {
    double norm = 0.0;
    for (const float value : rows.row(i)) {
      norm += static_cast<double>(value) * static_cast<double>(value);
    }
    EXPECT_NEAR(norm, i % 2 == 0 ? 0.0 : 1.0, 1e-5) << texts[i];
  }
}

TEST_P(AnyTextEncoder, NoTextsGiveNoRows) {
  const Rows rows = encoder_->encode({});

  EXPECT_EQ(rows.rows, 0U);
  EXPECT_EQ(rows.dim, encoder_->dim());
}

TEST_P(AnyTextEncoder, LikeMeaningsAreCloserThanUnlikeOnes) {
  const std::vector<std::string> texts = {"a cat sleeping on a sofa", "a kitten naps on the couch",
                                          "a cargo ship in a storm"};

  const Rows rows = encoder_->encode(texts);

  EXPECT_GT(cosine(rows.row(0), rows.row(1)), cosine(rows.row(0), rows.row(2)) + 0.2);
}

TEST_P(AnyTextEncoder, AMegabyteOfTextIsCutNotChokedOn) {
  std::string text;
  while (text.size() < (std::size_t{1} << 20U)) {
    text += "neon street, ";
  }
  const std::string longer = text + "and a fox that is far beyond the limit";

  EXPECT_EQ(encode_alone(text), encode_alone(longer));
  EXPECT_EQ(encode_alone(std::string(std::size_t{1} << 20U, 'x')),
            encode_alone(std::string((std::size_t{1} << 20U) + 7, 'x')));
}

TEST_P(AnyTextEncoder, InvalidUtf8IsEncodedWithoutComplaint) {
  const std::vector<float> broken = encode_alone("fox \xC3\x28 \xFF\xFE snow");

  EXPECT_TRUE(std::all_of(broken.begin(), broken.end(), [](float x) { return std::isfinite(x); }));
}

TEST_P(AnyTextEncoder, SeveralThreadsMayEncodeAtOnce) {
  const std::vector<std::string> texts = {"a red fox", "an old lighthouse", "soft light"};
  const std::vector<float> expected = encoder_->encode(texts).values;
  std::vector<std::vector<float>> results(4);
  {
    std::vector<std::jthread> threads;
    for (std::vector<float>& result : results) {
      threads.emplace_back([&] { result = encoder_->encode(texts).values; });
    }
  }
  for (const std::vector<float>& result : results) {
    EXPECT_EQ(result, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Encoders, AnyTextEncoder, testing::Values("use-multilingual-v3", "minilm"),
                         [](const auto& encoder) {
                           return std::string(encoder.param) == "minilm" ? "MiniLm" : "Use";
                         });

}  // namespace
}  // namespace stylus::encoder
