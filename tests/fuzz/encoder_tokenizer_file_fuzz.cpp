// A damaged tokenizer file: whatever tables it holds, they are refused or texts go through them
// without leaving them. The first byte chooses between raw file bytes and tables cut from the
// input, which reach further than bytes that must first look like a file.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "encoder/unigram_tokenizer.h"
#include "encoder/use_encoder.h"
#include "encoder/word_piece_tokenizer.h"
#include "support/error.h"
#include "tests/encoder/trie_tables.h"
#include "weights/safetensors_file.h"

namespace {

using stylus::encoder::Trie;
using stylus::encoder::UnigramTokenizer;
using stylus::encoder::WordPieceTokenizer;

const std::string kText = "a\xCC\x81 b [MASK] \xEF\xBC\xA1\xE7\x8B\x90\xF0\x9F\xA6\x8A ab##ab";

void use_unigram(const stylus::encoder::UnigramTables& tables, const std::string& text) {
  const UnigramTokenizer tokenizer(tables);
  (void)tokenizer.encode(kText);
  (void)tokenizer.encode(text);
}

/// A sound vocabulary with some entries overwritten: BERT's special pieces are too much to guess.
void use_word_piece(FuzzedDataProvider& input) {
  stylus::encoder::TrieTables tables(
      {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##ab", "\xE7\x8B\x90", ","});
  for (auto damages = input.ConsumeIntegralInRange<std::size_t>(0, 8); damages > 0; --damages) {
    const auto node = input.ConsumeIntegralInRange<std::size_t>(0, tables.label.size() - 1);
    const auto value = input.ConsumeIntegralInRange<std::int32_t>(-2, 48);
    switch (input.ConsumeIntegralInRange<int>(0, 2)) {
      case 0:
        tables.first[node] = value;
        break;
      case 1:
        tables.piece[node] = value;
        break;
      default:
        tables.label[node] = input.ConsumeIntegral<std::uint8_t>();
    }
  }
  const WordPieceTokenizer tokenizer(tables.trie(), 16);
  const std::string text = input.ConsumeRandomLengthString(256);
  (void)tokenizer.encode(kText);
  (void)tokenizer.encode(text);
}

void read_file(const std::vector<std::uint8_t>& bytes) {
  // Where a mapped file would begin: on a border that suits every element.
  std::vector<std::max_align_t> aligned(bytes.size() / sizeof(std::max_align_t) + 1);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(aligned.data()));
  const auto content = stylus::weights::parse_safetensors(
      std::as_bytes(std::span(aligned)).first(bytes.size()), "fuzz");
  use_unigram(stylus::encoder::unigram_tables(content), "fox");
}

/// Small steps, so that a good part of the tries is sound.
std::vector<std::int32_t> rising(FuzzedDataProvider& input, std::size_t count) {
  std::vector<std::int32_t> values;
  std::int32_t at = 1;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(at);
    at += input.ConsumeIntegralInRange<std::int32_t>(-1, 3);
  }
  values.push_back(input.ConsumeBool() ? static_cast<std::int32_t>(count) : at);
  return values;
}

void use_unigram_tables(FuzzedDataProvider& input) {
  const auto nodes = input.ConsumeIntegralInRange<std::size_t>(0, 64);
  std::vector<std::int32_t> first = rising(input, nodes);
  if (input.ConsumeBool()) {  // otherwise borders run over the end and are refused
    for (std::int32_t& border : first) {
      border = std::min(border, static_cast<std::int32_t>(nodes));
    }
  }
  const auto pieces = input.ConsumeIntegralInRange<std::size_t>(0, 32);
  std::vector<std::uint8_t> label(nodes);
  std::vector<std::int32_t> piece(nodes);
  for (std::size_t n = 0; n < nodes; ++n) {
    label[n] = input.ConsumeIntegral<std::uint8_t>();
    piece[n] = input.ConsumeIntegralInRange<std::int32_t>(-2, static_cast<std::int32_t>(pieces));
  }
  std::vector<float> scores;
  for (std::size_t i = 0; i < pieces; ++i) {
    scores.push_back(input.ConsumeFloatingPointInRange<float>(-2e6F, 10.0F));
  }
  std::vector<std::uint32_t> units(input.ConsumeIntegralInRange<std::size_t>(0, 512));
  for (std::uint32_t& unit : units) {
    unit = input.ConsumeIntegral<std::uint32_t>();
  }
  std::vector<std::uint8_t> replacements =
      input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 64));
  if (!replacements.empty() && input.ConsumeBool()) {
    replacements.back() = 0;
  }
  const Trie trie(first, label, piece, pieces);
  use_unigram({trie, scores, units, replacements}, input.ConsumeRandomLengthString(256));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  try {
    switch (input.ConsumeIntegralInRange<int>(0, 2)) {
      case 0:
        use_unigram_tables(input);
        break;
      case 1:
        use_word_piece(input);
        break;
      default:
        read_file(input.ConsumeRemainingBytes<std::uint8_t>());
    }
  } catch (const stylus::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
