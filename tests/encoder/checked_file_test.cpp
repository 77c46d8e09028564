#include "encoder/checked_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/file.h"
#include "support/hash.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::encoder {
namespace {

/// Three blocks, the last one short, and their sums.
class CheckedFileTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < content_.size(); ++i) {
      content_[i] = static_cast<char>(i * 31 + i / 256);
    }
    const auto bytes = std::as_bytes(std::span(content_));
    for (std::size_t at = 0; at < bytes.size(); at += CheckedFile::kBlockBytes) {
      const std::uint64_t sum =
          block_sum(bytes.subspan(at, std::min(CheckedFile::kBlockBytes, bytes.size() - at)));
      sums_.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
    }
    write_file_atomically(path(), content_);
    write_file_atomically(path().string() + ".sums", sums_);
  }
  [[nodiscard]] std::filesystem::path path() const { return dir_ / "model"; }
  [[nodiscard]] CheckedFile open() const { return {path(), content_.size(), sha256_hex(sums_)}; }

  TempDir dir_;
  std::string content_ = std::string(2 * CheckedFile::kBlockBytes + 1000, '\0');
  std::string sums_;
};

TEST_F(CheckedFileTest, AnUntouchedFilePassesEverywhere) {
  const CheckedFile file = open();

  EXPECT_EQ(error_code_of([&] {
              file.check(0, content_.size());
              return 0;
            }),
            std::nullopt);
}

TEST_F(CheckedFileTest, EveryFlippedBitIsFoundInItsBlockOnly) {
  for (const std::size_t at : {std::size_t{0}, CheckedFile::kBlockBytes - 1,
                               CheckedFile::kBlockBytes + 8, content_.size() - 1}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = content_;
      damaged[at] = static_cast<char>(static_cast<unsigned>(damaged[at]) ^ (1U << bit));
      write_file_atomically(path(), damaged);
      const CheckedFile file = open();

      EXPECT_EQ(error_code_of([&] {
                  file.check(at, 1);
                  return 0;
                }),
                ErrorCode::kCorruptData);
      const std::size_t other = at < CheckedFile::kBlockBytes ? CheckedFile::kBlockBytes : 0;
      EXPECT_EQ(error_code_of([&] {
                  file.check(other, 1);
                  return 0;
                }),
                std::nullopt);
    }
  }
}

TEST_F(CheckedFileTest, ACutOrSwappedFileIsRefusedWhenOpened) {
  write_file_atomically(path(), content_.substr(0, content_.size() - 1));
  EXPECT_EQ(error_code_of([&] { return open().bytes().size(); }), ErrorCode::kCorruptData);

  write_file_atomically(path(), content_);
  std::string other_sums = sums_;
  other_sums[3] = static_cast<char>(other_sums[3] + 1);
  write_file_atomically(path().string() + ".sums", other_sums);
  EXPECT_EQ(error_code_of([&] { return open().bytes().size(); }), ErrorCode::kCorruptData);

  std::filesystem::remove(path());
  EXPECT_EQ(error_code_of([&] { return open().bytes().size(); }), ErrorCode::kNotFound);
}

TEST(BlockSum, NoticesWordsThatChangePlaces) {
  std::string block(CheckedFile::kBlockBytes, '\0');
  block[0] = 1;
  std::string swapped(CheckedFile::kBlockBytes, '\0');
  swapped[8] = 1;

  EXPECT_NE(block_sum(std::as_bytes(std::span(block))),
            block_sum(std::as_bytes(std::span(swapped))));
}

}  // namespace
}  // namespace stylus::encoder
