#include "encoder/unigram_tokenizer.h"

#include <gtest/gtest.h>

#include <limits>

#include "encoder/use_encoder.h"
#include "support/file.h"
#include "tests/encoder/encoders_dir.h"
#include "tests/encoder/trie_tables.h"
#include "tests/error_code_of.h"
#include "weights/safetensors_file.h"

namespace stylus::encoder {
namespace {

using Ids = std::vector<std::int32_t>;

/// Ids 0 to 2 are the unknown, begin and end pieces; no normalisation beyond blanks.
class SmallUnigram : public testing::Test {
 protected:
  [[nodiscard]] UnigramTokenizer tokenizer() const {
    return UnigramTokenizer({trie_.trie(), scores_, {}, {}});
  }

  TrieTables trie_{{"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁ab", "ba", "é"}};
  std::vector<float> scores_ = {0.0F, 0.0F, 0.0F, -2.0F, -3.0F, -3.0F, -4.0F, -5.0F, -4.0F, -6.0F};
};

TEST_F(SmallUnigram, TakesTheSegmentationWithTheHighestSum) {
  // "▁ab" -5 beats "▁" "ab" -6 and "▁" "a" "b" -8; then "ab" -4 beats "a" "b" -6.
  EXPECT_EQ(tokenizer().encode("abab"), (Ids{1, 7, 6, 2}));
}

TEST_F(SmallUnigram, GivesEqualSumsToThePieceThatStartsFirst) {
  // "▁ab" "a" (-8) and "▁a..." do not tie, but "ab" "a" and "a" "ba" do behind a blank.
  scores_[7] = -100.0F;
  EXPECT_EQ(tokenizer().encode("aba"), (Ids{1, 3, 4, 8, 2}));
}

TEST_F(SmallUnigram, MakesEachUnknownCharacterOneId) {
  EXPECT_EQ(tokenizer().encode("aéz狐"), (Ids{1, 3, 4, 9, 0, 0, 2}));
}

TEST_F(SmallUnigram, BlanksJoinAndTheEndsAreTrimmed) {
  EXPECT_EQ(tokenizer().normalize("  a   b "), "▁a▁b");
  EXPECT_EQ(tokenizer().normalize("   "), "");
}

TEST_F(SmallUnigram, ATextWithoutContentHasNoTokens) {
  EXPECT_EQ(tokenizer().encode(""), Ids{});
  EXPECT_EQ(tokenizer().encode("  "), Ids{});
}

TEST_F(SmallUnigram, KeepsAtMostItsLimitOfTokens) {
  std::string text;
  for (int i = 0; i < 9000; ++i) {
    text += "b a ";
  }
  const Ids ids = tokenizer().encode(text);

  ASSERT_EQ(ids.size(), UnigramTokenizer::kMaxTokens);
  EXPECT_EQ(ids.front(), UnigramTokenizer::kBegin);
  EXPECT_EQ(ids.back(), UnigramTokenizer::kEnd);
}

TEST_F(SmallUnigram, RefusesScoresThatAreNoNumbers) {
  scores_[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_code_of([&] { return tokenizer(); }), ErrorCode::kCorruptData);
  scores_.clear();
  EXPECT_EQ(error_code_of([&] { return tokenizer(); }), ErrorCode::kCorruptData);
}

TEST_F(SmallUnigram, RefusesReplacementsWithoutEnd) {
  const std::vector<std::uint8_t> text = {'a'};
  EXPECT_EQ(error_code_of([&] {
              return UnigramTokenizer({trie_.trie(), scores_, {}, text});
            }),
            ErrorCode::kCorruptData);
}

TEST(UnigramNormalization, IsNmtNfkc) {
  STYLUS_NEEDS_ENCODER("use-multilingual-v3");
  const MappedFile bytes(encoder_folder("use-multilingual-v3") / "tokenizer.safetensors");
  const weights::Safetensors file = weights::parse_safetensors(bytes.bytes(), "tokenizer");
  const UnigramTokenizer tokenizer(unigram_tables(file));

  EXPECT_EQ(tokenizer.normalize("Ｆｕｌｌ　ｗｉｄｔｈ ①"), "▁Full▁width▁1");
  EXPECT_EQ(tokenizer.normalize("cafe\u0301 ﬁne"), "▁café▁fine");
  EXPECT_EQ(tokenizer.normalize("ｶﾞｷﾞ"), "▁ガギ");
  EXPECT_EQ(tokenizer.normalize("a\tb\nc"), "▁a▁b▁c");
}

}  // namespace
}  // namespace stylus::encoder
