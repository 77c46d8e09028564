// Any bytes as a text: both tokenizers must give ids of their vocabulary, within their limits, and
// the same ids again. Uses the fetched encoders' vocabularies where they are, else small ones.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include "encoder/unigram_tokenizer.h"
#include "encoder/use_encoder.h"
#include "encoder/word_piece_tokenizer.h"
#include "support/file.h"
#include "tests/encoder/trie_tables.h"
#include "weights/safetensors_file.h"

namespace {

using namespace stylus::encoder;  // NOLINT: a fuzz target is all about one room

constexpr std::size_t kMaxWordPieces = 256;

struct Tokenizers {
  UnigramTokenizer unigram;
  std::int32_t unigram_pieces;
  WordPieceTokenizer word_piece;
  std::int32_t word_pieces;
};

Tokenizers small_tokenizers() {
  static const TrieTables kUnigram(
      {"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁ab", "é", "狐", "🦊"});
  static const std::vector<float> kScores = {0, 0, 0, -2, -3, -3, -4, -5, -6, -7, -8};
  static const TrieTables kWords(
      {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##ab", "狐", ","});
  return {UnigramTokenizer({kUnigram.trie(), kScores, {}, {}}), 11,
          WordPieceTokenizer(kWords.trie(), kMaxWordPieces), 11};
}

Tokenizers real_tokenizers(const std::filesystem::path& folder) {
  static const stylus::MappedFile kUse(folder / "use-multilingual-v3" / "tokenizer.safetensors");
  static const stylus::MappedFile kBert(folder / "minilm" / "tokenizer.safetensors");
  const UnigramTables tables =
      unigram_tables(stylus::weights::parse_safetensors(kUse.bytes(), "use"));
  constexpr std::int32_t kBertPieces = 30522;
  return {UnigramTokenizer(tables), static_cast<std::int32_t>(tables.scores.size()),
          WordPieceTokenizer(
              trie(stylus::weights::parse_safetensors(kBert.bytes(), "bert"), kBertPieces),
              kMaxWordPieces),
          kBertPieces};
}

Tokenizers open_tokenizers() {
  const std::filesystem::path folder = STYLUS_ENCODERS_DIR;
  const bool are_there = std::filesystem::exists(folder / "use-multilingual-v3/encoder.json") &&
                         std::filesystem::exists(folder / "minilm/encoder.json");
  return are_there ? real_tokenizers(folder) : small_tokenizers();
}

void check(bool ok) {
  if (!ok) {
    std::abort();
  }
}

void check_ids(const std::vector<std::int32_t>& ids, std::int32_t pieces, std::size_t limit) {
  check(ids.size() <= limit && ids.size() != 1);
  for (const std::int32_t id : ids) {
    check(id >= 0 && id < pieces);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Tokenizers kTokenizers = open_tokenizers();
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto unigram = kTokenizers.unigram.encode(text);
  check_ids(unigram, kTokenizers.unigram_pieces, UnigramTokenizer::kMaxTokens);
  check(unigram == kTokenizers.unigram.encode(text));

  const auto words = kTokenizers.word_piece.encode(text);
  check_ids(words, kTokenizers.word_pieces, kMaxWordPieces);
  check(words == kTokenizers.word_piece.encode(text));
  return 0;
}
