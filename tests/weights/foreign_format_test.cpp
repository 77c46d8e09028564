#include "weights/foreign_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"

namespace stylus::weights {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string little_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    text += static_cast<char>((value >> (8 * i)) & 0xFFU);
  }
  return text;
}

/// A zip archive with those members, all empty; PyTorch's layout without its padding.
std::string zip_of(const std::vector<std::string>& names) {
  std::string file;
  std::string directory;
  for (const std::string& name : names) {
    directory += "PK\x01\x02";
    directory += std::string(24, '\0') + little_endian(name.size(), 2) + std::string(12, '\0') +
                 little_endian(file.size(), 4) + name;
    file += "PK\x03\x04";
    file += std::string(22, '\0') + little_endian(name.size(), 2) + little_endian(0, 2) + name;
  }
  const std::size_t begin = file.size();
  file += directory;
  file += "PK\x05\x06";
  file += std::string(6, '\0') + little_endian(names.size(), 2) +
          little_endian(directory.size(), 4) + little_endian(begin, 4) + little_endian(0, 2);
  return file;
}

TEST(ForeignFormatTest, ListsTheMembersOfAnArchive) {
  const std::string file = zip_of({"archive/data.pkl", "archive/data/0", "archive/version"});

  EXPECT_THAT(list_zip_members(as_bytes(file), 100),
              ElementsAre("archive/data.pkl", "archive/data/0", "archive/version"));
  EXPECT_THAT(list_zip_members(as_bytes(file), 1), ElementsAre("archive/data.pkl"));
}

TEST(ForeignFormatTest, StopsWhereADirectoryLies) {
  std::string lying = zip_of({"a", "b"});
  const std::size_t count_at = lying.size() - 22 + 10;
  lying[count_at] = '\xFF';
  lying[count_at + 1] = '\xFF';
  EXPECT_THAT(list_zip_members(as_bytes(lying), 1'000'000), ElementsAre("a", "b"));

  std::string elsewhere = zip_of({"a", "b"});
  elsewhere.replace(elsewhere.size() - 22 + 16, 4, "\xF0\xFF\xFF\xFF");
  EXPECT_THAT(list_zip_members(as_bytes(elsewhere), 10), IsEmpty());

  const std::string good = zip_of({"name of some length"});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(list_zip_members(as_bytes(good.substr(0, size)), 10), IsEmpty()) << size;
  }
}

TEST(ForeignFormatTest, ShowsHostileNamesAsText) {
  const std::string file = zip_of({"\xFF\xFE/data.pkl"});

  EXPECT_THAT(list_zip_members(as_bytes(file), 10),
              ElementsAre("\xEF\xBF\xBD\xEF\xBF\xBD/data.pkl"));
}

struct Foreign {
  std::string content;
  ErrorCode code;
  std::string says;
};

TEST(ForeignFormatTest, EachFormatIsRefusedWithItsOwnAdvice) {
  const std::vector<Foreign> cases = {
      {zip_of({"x/data.pkl"}), ErrorCode::kUnsupported, "weights_only=True"},
      {zip_of({"readme.txt"}), ErrorCode::kUnsupported, "unpack it"},
      {std::string("PK\x03\x04", 4) + std::string(50, 'x'), ErrorCode::kUnsupported,
       "without a readable directory"},
      {std::string("\x80\x02\x8a\x0al\xfc\x9c", 7), ErrorCode::kUnsupported, "weights_only=True"},
      {"GGUF\x03", ErrorCode::kUnsupported, "GGUF"},
      {"version https://git-lfs.github.com/spec/v1\n", ErrorCode::kCorruptData, "git lfs pull"},
      {"\n<!DOCTYPE html><html>", ErrorCode::kCorruptData, "web page"},
      {"<html><body>Log in</body></html>", ErrorCode::kCorruptData, "web page"},
      {"", ErrorCode::kCorruptData, "header too small"},
  };
  for (const Foreign& one : cases) {
    const auto read = [&] { return read_adapter_bytes(as_bytes(one.content), "x.pt"); };
    EXPECT_EQ(error_code_of(read), one.code) << one.says;
    EXPECT_THAT(error_message_of(read), AllOf(HasSubstr("x.pt"), HasSubstr(one.says)));
  }
}

/// The length field of a safetensors file with a header of 640 bytes is 80 02: a pickle's mark.
TEST(ForeignFormatTest, ALengthFieldIsNotTakenForAPickle) {
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in.";
  SafetensorsBuilder builder;
  builder.fill_f32(layer + "lora_up.weight", {2, 1}, 1)
      .fill_f32(layer + "lora_down.weight", {1, 2}, 1);
  const std::string bytes = builder.bytes();
  const std::size_t header = bytes.size() - 8 - 16;
  const std::string padded = SafetensorsBuilder::file_bytes(
      bytes.substr(8, header) + std::string(640 - header, ' '), bytes.substr(8 + header));
  ASSERT_EQ(padded.substr(0, 2), "\x80\x02");

  EXPECT_EQ(read_adapter_bytes(as_bytes(padded), "x").targets.size(), 1U);
}

}  // namespace
}  // namespace stylus::weights
