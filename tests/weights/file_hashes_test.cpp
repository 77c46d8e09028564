#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/hash.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"

namespace stylus::weights {
namespace {

std::filesystem::path written(const TempDir& folder, const std::string& content) {
  const std::filesystem::path path = folder / "file";
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

TEST(FileHashesTest, AgreesWithTheReferenceVector) {
  const TempDir folder;
  const auto path = written(
      folder,
      SafetensorsBuilder::file_bytes(
          R"({"__metadata__":{"ss_network_dim":"1"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}    )",
          std::string("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8)));

  const FileHashes hashes = hash_adapter_file(path);

  EXPECT_EQ(hashes.sha256, "ca91f2ef7cd8222db41ba7fc1a75053b25c04273bd902fe58549da705ba920e3");
  EXPECT_EQ(hashes.autov2, "ca91f2ef7c");
  EXPECT_EQ(hashes.autov3, "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b");
  EXPECT_EQ(hashes.autov1, "e3b0c442");
}

TEST(FileHashesTest, HashesTheOldWindowWhereverTheFileEnds) {
  std::string content(0x110000 + 500, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) {
    content[i] = static_cast<char>((i * 2654435761U) >> 24U);
  }
  for (const std::size_t size : {std::size_t{0xFFFFF}, std::size_t{0x100000}, std::size_t{0x100001},
                                 std::size_t{0x10FFFF}, content.size()}) {
    const TempDir folder;
    const std::string cut = content.substr(0, size);

    const FileHashes hashes = hash_adapter_file(written(folder, cut));

    const std::string window = size > 0x100000 ? cut.substr(0x100000, 0x10000) : "";
    EXPECT_EQ(hashes.autov1, sha256_hex(window).substr(0, 8)) << size;
    EXPECT_EQ(hashes.sha256, sha256_hex(cut)) << size;
    EXPECT_EQ(hashes.autov3, "") << size;
  }
}

TEST(FileHashesTest, HashesTensorBytesOfALargeFile) {
  const TempDir folder;
  const std::string buffer(3'000'000, 'x');
  const std::string header = R"({"a":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}})";

  const FileHashes hashes =
      hash_adapter_file(written(folder, SafetensorsBuilder::file_bytes(header, buffer)));

  EXPECT_EQ(hashes.autov3, sha256_hex(buffer));
}

TEST(FileHashesTest, SaysWhichFileIsMissing) {
  EXPECT_EQ(error_code_of([] { return hash_adapter_file("/no/such/file"); }), ErrorCode::kNotFound);
  EXPECT_EQ(error_code_of([] { return hash_adapter_file("/"); }), ErrorCode::kIo);
}

}  // namespace
}  // namespace stylus::weights
