#include "render/model_hash.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "support/file.h"
#include "tests/temp_dir.h"

namespace stylus::render {
namespace {

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST(ModelHashes, AreTheFirstTenDigitsAndKept) {
  const TempDir folder;
  const auto model = folder / "m.safetensors";
  const auto cache = folder / "hashes.json";
  write(model, "abc");
  EXPECT_EQ(model_hash(model, cache), "ba7816bf8f");  // FIPS 180-2, B.1
  EXPECT_NE(read_file(cache, 10'000).find("ba7816bf8f"), std::string::npos);
  // The same size and time: the kept value is taken, whatever the bytes are.
  const auto time = std::filesystem::last_write_time(model);
  write(model, "xyz");
  std::filesystem::last_write_time(model, time);
  EXPECT_EQ(model_hash(model, cache), "ba7816bf8f");
  std::filesystem::last_write_time(model, time + std::chrono::seconds(5));
  EXPECT_EQ(model_hash(model, cache), "3608bca1e4");
}

TEST(ModelHashes, BrokenCachesAreMadeAnew) {
  const TempDir folder;
  const auto model = folder / "m.safetensors";
  write(model, "abc");
  const std::string key = model.string();
  for (const std::string& content :
       {std::string("{"), std::string("[1]"), std::string(), "{\"" + key + "\": 3}",
        "{\"" + key + "\": {\"stamp\": 1, \"autov2\": 7}}"}) {
    write(folder / "hashes.json", content);
    EXPECT_EQ(model_hash(model, folder / "hashes.json"), "ba7816bf8f") << content;
  }
  EXPECT_EQ(model_hash(model, ""), "ba7816bf8f");
  EXPECT_EQ(model_hash(folder.path(), ""), "") << "a folder has no hash";
}

}  // namespace
}  // namespace stylus::render
