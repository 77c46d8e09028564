// Folders that are missing, cut, flipped or mixed up are refused with a message that helps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "encoder/encoder.h"
#include "support/file.h"
#include "tests/encoder/encoders_dir.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::encoder {
namespace {

namespace fs = std::filesystem;

/// A copy of an encoder folder that a test may damage. Skips where there is none.
class OpenTextEncoder : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    STYLUS_NEEDS_ENCODER(GetParam());
    for (const fs::directory_entry& entry : fs::directory_iterator(encoder_folder(GetParam()))) {
      fs::copy_file(entry.path(), dir_.path() / entry.path().filename());
    }
  }
  void flip(const std::string& name, std::uintmax_t at, unsigned bit) const {
    std::fstream file(dir_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(static_cast<unsigned>(byte) ^ (1U << bit)));
  }
  [[nodiscard]] std::optional<ErrorCode> error_of_opening() const {
    return error_code_of([this] { return open_text_encoder(dir_.path()); });
  }

  TempDir dir_;
};

TEST_P(OpenTextEncoder, OpensAnUntouchedCopy) { EXPECT_EQ(error_of_opening(), std::nullopt); }

TEST_P(OpenTextEncoder, RefusesFlippedBitsBeforeAnythingIsEncoded) {
  // The first quarter of the model is what every text needs; the tokenizer is needed whole.
  for (const std::string name : {"model.safetensors", "tokenizer.safetensors"}) {
    const std::uintmax_t size = fs::file_size(dir_ / name);
    const std::uintmax_t reach = name == "model.safetensors" ? size / 8 : size;
    for (std::uintmax_t i = 0; i < 12; ++i) {
      const std::uintmax_t at = i < 2 ? i * 7 : i * (reach - 1) / 11;
      const auto bit = static_cast<unsigned>(i % 8);
      flip(name, at, bit);
      EXPECT_EQ(error_of_opening(), ErrorCode::kCorruptData) << name << " byte " << at;
      flip(name, at, bit);
    }
  }
  EXPECT_EQ(error_of_opening(), std::nullopt);
}

TEST_P(OpenTextEncoder, RefusesATextThatNeedsAFlippedEmbedding) {
  // The embeddings fill the file's end: flip a bit in every block of them.
  const std::uintmax_t size = fs::file_size(dir_ / "model.safetensors");
  for (std::uintmax_t at = size * 6 / 10; at < size; at += 4096) {
    flip("model.safetensors", at, 5);
  }
  const auto encoder = open_text_encoder(dir_.path());

  const std::vector<std::string> texts = {
      "a fox, 狐狸, zorro, Fuchs, raposa and キツネ in the snow"};
  EXPECT_EQ(error_code_of([&] { return encoder->encode(texts); }), ErrorCode::kCorruptData);
}

TEST_P(OpenTextEncoder, RefusesCutFiles) {
  for (const std::string name : {"model.safetensors", "tokenizer.safetensors",
                                 "model.safetensors.sums", "tokenizer.safetensors.sums"}) {
    const std::string whole = read_file(dir_ / name, std::size_t{1} << 30U);
    fs::resize_file(dir_ / name, whole.size() - 1);
    EXPECT_EQ(error_of_opening(), ErrorCode::kCorruptData) << name;
    fs::resize_file(dir_ / name, 0);
    EXPECT_EQ(error_of_opening(), ErrorCode::kCorruptData) << name;
    fs::remove(dir_ / name);
    EXPECT_EQ(error_of_opening(), ErrorCode::kNotFound) << name;
    write_file_atomically(dir_ / name, whole);
  }
  EXPECT_EQ(error_of_opening(), std::nullopt);
}

TEST_P(OpenTextEncoder, RefusesAFolderWhoseDescriptionNamesAnotherEncoder) {
  std::string text = read_file(dir_ / "encoder.json", 1 << 20U);
  const std::size_t at = text.find("/1\"");
  ASSERT_NE(at, std::string::npos);
  write_file_atomically(dir_ / "encoder.json", text.replace(at, 3, "/2\""));

  EXPECT_THAT(error_message_of([this] { return open_text_encoder(dir_.path()); }),
              testing::HasSubstr("encoder.json says"));
}

INSTANTIATE_TEST_SUITE_P(Encoders, OpenTextEncoder,
                         testing::Values("use-multilingual-v3", "minilm"), [](const auto& encoder) {
                           return std::string(encoder.param) == "minilm" ? "MiniLm" : "Use";
                         });

TEST(OpenTextEncoderFolder, SaysHowToGetAMissingOne) {
  const TempDir dir;

  const auto open = [&] { return open_text_encoder(dir / "none"); };
  EXPECT_EQ(error_code_of(open), ErrorCode::kNotFound);
  EXPECT_THAT(error_message_of(open), testing::HasSubstr("tools/fetch_encoder.py"));
}

TEST(OpenTextEncoderFolder, RefusesDescriptionsThatAreNone) {
  const TempDir dir;
  const auto error_for = [&](const std::string& description) {
    write_file_atomically(dir / "encoder.json", description);
    return error_code_of([&] { return open_text_encoder(dir.path()); });
  };

  EXPECT_EQ(error_for(""), ErrorCode::kCorruptData);
  EXPECT_EQ(error_for("[]"), ErrorCode::kCorruptData);
  EXPECT_EQ(error_for("{}"), ErrorCode::kCorruptData);
  EXPECT_EQ(error_for(R"({"format": 2})"), ErrorCode::kUnsupported);
  EXPECT_EQ(error_for(R"({"format": 1})"), ErrorCode::kCorruptData);
  EXPECT_EQ(error_for(R"({"format": 1, "files": []})"), ErrorCode::kCorruptData);
  EXPECT_EQ(error_for(R"({"format": 1, "files": {"model.safetensors": {"bytes": -1}}})"),
            ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace stylus::encoder
