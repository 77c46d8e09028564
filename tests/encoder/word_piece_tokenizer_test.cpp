#include "encoder/word_piece_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/encoder/trie_tables.h"
#include "tests/error_code_of.h"

namespace stylus::encoder {
namespace {

using Ids = std::vector<std::int32_t>;

class SmallWordPiece : public testing::Test {
 protected:
  // Ids:            0        1        2        3        4         5      6       7       8     9
  TrieTables trie_{{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fox", "##es", "##e", "un", ",",
                    // 10  11       12    13   14
                    "狐", "##fox", "red", "[", "cafe"}};
  WordPieceTokenizer tokenizer_{trie_.trie(), /*max_tokens=*/8};
};

TEST_F(SmallWordPiece, TakesTheLongestPiecesFromTheLeft) {
  EXPECT_EQ(tokenizer_.encode("red foxes"), (Ids{2, 12, 5, 6, 3}));
  EXPECT_EQ(tokenizer_.encode("unfoxe"), (Ids{2, 8, 11, 7, 3}));
}

TEST_F(SmallWordPiece, AWordThatNoPiecesMakeUpIsUnknownAsAWhole) {
  EXPECT_EQ(tokenizer_.encode("foxy red"), (Ids{2, 1, 12, 3}));
  EXPECT_EQ(tokenizer_.encode("fox" + std::string(98, 'e')), (Ids{2, 1, 3}));
}

TEST_F(SmallWordPiece, LowersCaseDropsAccentsAndControlCharacters) {
  EXPECT_EQ(tokenizer_.encode("CAFÉ cafe\u0301 ca\x01"
                              "fe"),
            (Ids{2, 14, 14, 14, 3}));
}

TEST_F(SmallWordPiece, PunctuationAndChineseCharactersStandAlone) {
  EXPECT_EQ(tokenizer_.encode("red,fox狐fox"), (Ids{2, 12, 9, 5, 10, 5, 3}));
}

TEST_F(SmallWordPiece, RecognisesSpelledOutSpecialPieces) {
  EXPECT_EQ(tokenizer_.encode("fox[MASK]red"), (Ids{2, 5, 4, 12, 3}));
  EXPECT_EQ(tokenizer_.encode("[mask"), (Ids{2, 13, 1, 3}));
}

TEST_F(SmallWordPiece, KeepsAtMostItsLimitOfTokens) {
  EXPECT_EQ(tokenizer_.encode("red red red red red red red red red"),
            (Ids{2, 12, 12, 12, 12, 12, 12, 3}));
}

TEST_F(SmallWordPiece, ATextWithoutContentHasNoTokens) {
  EXPECT_EQ(tokenizer_.encode(""), Ids{});
  EXPECT_EQ(tokenizer_.encode(" \t\r\n \x7F"), Ids{});
}

TEST(WordPieceTokenizer, RefusesAVocabularyWithoutItsSpecialPieces) {
  const TrieTables trie({"fox", "##es"});

  EXPECT_EQ(error_code_of([&] { return WordPieceTokenizer(trie.trie(), 8); }),
            ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::encoder
