#include "generator/clip_tokenizer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "generator/clip_words.h"
#include "support/file.h"
#include "tests/error_code_of.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {
namespace {

const std::filesystem::path kGoldens = std::filesystem::path(STYLUS_TESTS_DIR) / "golden/generator";
const std::filesystem::path kMini =
    std::filesystem::path(STYLUS_SOURCE_DIR) / "models/mini/tokenizer";

std::vector<std::string> texts() {
  std::istringstream lines(read_file(kGoldens / "tokenizer_texts.jsonl", 1U << 20U));
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) {
    all.push_back(nlohmann::json::parse(line).get<std::string>());
  }
  return all;
}

std::vector<std::uint16_t> numbers(const weights::SafetensorsFile& file, const std::string& name) {
  const weights::Tensor* tensor = file.find(name);
  require(tensor != nullptr, ErrorCode::kNotFound, "the golden file lacks ", name);
  std::vector<std::uint16_t> values(tensor->bytes.size() / sizeof(std::uint16_t));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

void expect_golden_ids(const ClipTokenizer& tokenizer, const std::string& vocabulary) {
  const weights::SafetensorsFile file(kGoldens / "tokenizer_ids.safetensors");
  const auto ids = numbers(file, vocabulary + ".ids");
  const auto counts = numbers(file, vocabulary + ".counts");
  const auto all = texts();
  ASSERT_EQ(all.size(), 2000U);
  ASSERT_EQ(counts.size(), all.size());
  auto at = ids.begin();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<std::int64_t> expected(at, at + counts[i]);
    EXPECT_EQ(tokenizer.encode(all[i]), expected) << "text " << i << ": " << all[i];
    at += counts[i];
  }
  EXPECT_EQ(at, ids.end());
}

TEST(ClipTokenizer, GivesTransformersIdsForTheMiniVocabulary) {
  expect_golden_ids(ClipTokenizer::open(kMini), "mini");
}

TEST(ClipTokenizer, GivesTransformersIdsForATinyVocabulary) {
  expect_golden_ids(ClipTokenizer::open(kGoldens / "tokenizer"), "tiny");
}

TEST(ClipTokenizer, GivesTransformersIdsForClipsOwnVocabulary) {
  const auto path =
      std::filesystem::path(STYLUS_SOURCE_DIR) / "build/clip/bpe_simple_vocab_16e6.txt";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "needs CLIP's vocabulary in build/clip, which is not there";
  }
  const ClipTokenizer tokenizer = ClipTokenizer::open(path);

  EXPECT_EQ(tokenizer.size(), 49408U);
  EXPECT_EQ(tokenizer.start(), 49406);
  EXPECT_EQ(tokenizer.end(), 49407);
  EXPECT_EQ(tokenizer.comma(), 267);
  EXPECT_EQ(tokenizer.encode("a photo of a cat"),
            (std::vector<std::int64_t>{320, 1125, 539, 320, 2368}));
  expect_golden_ids(tokenizer, "clip");
}

TEST(ClipTokenizer, PadsAndCutsToALength) {
  const ClipTokenizer tokenizer = ClipTokenizer::open(kMini);
  const std::int64_t cat = tokenizer.encode("cat").at(0);

  const auto padded = tokenizer.encode_padded("cat", 5, 0);
  const auto cut = tokenizer.encode_padded("cat cat cat cat", 4, 0);

  EXPECT_EQ(padded, (std::vector<std::int64_t>{tokenizer.start(), cat, tokenizer.end(), 0, 0}));
  EXPECT_EQ(cut, (std::vector<std::int64_t>{tokenizer.start(), cat, cat, tokenizer.end()}));
}

TEST(ClipTokenizer, TakesLongWordsAndBrokenTextInStride) {
  const ClipTokenizer tokenizer = ClipTokenizer::open(kMini);

  EXPECT_FALSE(tokenizer.encode(std::string(60000, 'a')).empty());
  EXPECT_EQ(tokenizer.encode("\xff\xfe"), tokenizer.encode("\xEF\xBF\xBD\xEF\xBF\xBD"));
}

TEST(ClipWords, CutsContractionsLettersSingleDigitsAndTheRest) {
  EXPECT_EQ(clip_words("I'M  at the caf\xC3\xA9's 24/7!!"),
            (std::vector<std::string>{"i", "'m", "at", "the", "caf\xC3\xA9", "'s", "2", "4", "/",
                                      "7", "!!"}));
}

const char* const kSmallVocab =
    R"({"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4})";

TEST(ClipTokenizer, ReadsASmallVocabulary) {
  const auto tokenizer =
      ClipTokenizer::from_vocabulary(kSmallVocab, "#version: 0.2\na b</w>\n", "x");

  EXPECT_EQ(tokenizer.encode("AB c"), (std::vector<std::int64_t>{2, 4}));  // c is unknown
}

TEST(ClipTokenizer, RefusesBrokenFilesByName) {
  const auto message = [](std::string_view vocab, std::string_view merges) {
    return error_message_of([&] { return ClipTokenizer::from_vocabulary(vocab, merges, "'x'"); });
  };
  EXPECT_NE(message("[]", "").find("no JSON object"), std::string::npos);
  EXPECT_NE(message(R"({"a": 1})", "").find("token 'a' has the id 1"), std::string::npos);
  EXPECT_NE(message(R"({"a": 0, "b": 0})", "").find("each once"), std::string::npos);
  EXPECT_NE(message(R"({"a": -1})", "").find("has the id -1"), std::string::npos);
  EXPECT_NE(message(R"({"a": 0})", "").find("lacks <|startoftext|>"), std::string::npos);
  EXPECT_NE(message(kSmallVocab, "a b").find("merge 1 speaks of 'b'"), std::string::npos);
  EXPECT_NE(message(kSmallVocab, "a b</w> c").find("merge 1 is not two tokens"), std::string::npos);
  EXPECT_EQ(error_code_of([] { return ClipTokenizer::from_merges("\x1f\x8b\x08", "x"); }),
            ErrorCode::kUnsupported);
  EXPECT_EQ(error_code_of([] { return ClipTokenizer::from_merges("a b\na b\n", "x"); }),
            ErrorCode::kCorruptData);
  EXPECT_EQ(error_code_of([] { return ClipTokenizer::open("/nowhere/tokenizer"); }),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stylus::generator
