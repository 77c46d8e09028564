#include "generator/prompt_chunks.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/error_code_of.h"

namespace stylus::generator {
namespace {

using Ids = std::vector<std::int64_t>;

/// Letters a to f are ids 0 to 5, a comma is 6.
ClipTokenizer letters() {
  return ClipTokenizer::from_vocabulary(
      R"({"a</w>": 0, "b</w>": 1, "c</w>": 2, "d</w>": 3, "e</w>": 4, "f</w>": 5, ",</w>": 6,
          "<|startoftext|>": 7, "<|endoftext|>": 8})",
      "", "letters");
}

std::vector<Ids> cut(const std::string& prompt, std::size_t capacity, std::size_t backtrack = 20,
                     const std::vector<LearnedWord>& words = {}) {
  const ClipTokenizer tokenizer = letters();
  ChunkOptions options;
  options.capacity = capacity;
  options.comma_backtrack = backtrack;
  std::vector<Ids> ids;
  for (const PromptChunk& chunk :
       cut_into_chunks(parse_prompt(prompt), tokenizer, words, options)) {
    EXPECT_EQ(chunk.ids.size(), chunk.weights.size());
    ids.push_back(chunk.ids);
  }
  return ids;
}

TEST(CutIntoChunks, AnEmptyPromptIsOneEmptyChunk) { EXPECT_EQ(cut("", 4), (std::vector<Ids>{{}})); }

TEST(CutIntoChunks, FillsChunksToTheirCapacity) {
  EXPECT_EQ(cut("a b c d", 4), (std::vector<Ids>{{0, 1, 2, 3}}));
  EXPECT_EQ(cut("a b c d e", 4), (std::vector<Ids>{{0, 1, 2, 3}, {4}}));
}

TEST(CutIntoChunks, CutsBehindANearComma) {
  EXPECT_EQ(cut("a, b c d e", 4), (std::vector<Ids>{{0, 6}, {1, 2, 3, 4}}));
  EXPECT_EQ(cut("a, b c d e f", 4, 2), (std::vector<Ids>{{0, 6, 1, 2}, {3, 4, 5}}));
  EXPECT_EQ(cut("a, b c d", 4, 0), (std::vector<Ids>{{0, 6, 1, 2}, {3}}));
  EXPECT_EQ(cut("a b c d, e", 4), (std::vector<Ids>{{0, 1, 2, 3}, {6, 4}}));
}

TEST(CutIntoChunks, BreakClosesAChunkHoweverFull) {
  EXPECT_EQ(cut("a BREAK b BREAK BREAK c", 4), (std::vector<Ids>{{0}, {1}, {}, {2}}));
  EXPECT_EQ(cut("BREAK a", 4), (std::vector<Ids>{{}, {0}}));
  EXPECT_EQ(cut("a b c d BREAK e", 4), (std::vector<Ids>{{0, 1, 2, 3}, {4}}));
}

TEST(CutIntoChunks, EveryTokenHasTheWeightOfItsPiece) {
  const ClipTokenizer tokenizer = letters();
  const auto chunks = cut_into_chunks(parse_prompt("a (b c:1.5) d"), tokenizer, {}, {});

  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].weights, (std::vector<float>{1.0F, 1.5F, 1.5F, 1.0F}));
  EXPECT_TRUE(chunks[0].has_emphasis());
}

TEST(CutIntoChunks, PutsLearnedWordsWhole) {
  const std::vector<LearnedWord> words = {{{1}, {9}}, {{1, 2}, {10, 11, 12}}};

  EXPECT_EQ(cut("a b c d", 6, 20, words), (std::vector<Ids>{{0, 10, 11, 12, 3}}));
  EXPECT_EQ(cut("a b d", 6, 20, words), (std::vector<Ids>{{0, 9, 3}}));
  EXPECT_EQ(cut("a a b c d", 4, 20, words), (std::vector<Ids>{{0, 0}, {10, 11, 12, 3}}));
  EXPECT_EQ(error_code_of([&] { return cut("a", 2, 20, words); }), ErrorCode::kInvalidArgument);
}

TEST(PaddedIds, HaveStartEndAndPadding) {
  const ClipTokenizer tokenizer = letters();
  EXPECT_EQ(padded_ids({{0, 1}, {1.0F, 1.0F}}, tokenizer, 0, 4), (Ids{7, 0, 1, 8, 0, 0}));
  EXPECT_EQ(padded_ids({}, tokenizer, 8, 1), (Ids{7, 8, 8}));
}

}  // namespace
}  // namespace stylus::generator
