// Replays what the fuzzers start from (and any input that once broke a reader) without a fuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "support/error.h"
#include "support/file.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"
#include "weights/foreign_format.h"

namespace stylus::weights {
namespace {

std::vector<std::string> seeds_of(const char* kind) {
  const std::filesystem::path folder =
      std::filesystem::path(STYLUS_TESTS_DIR) / "golden" / "fuzz" / "weights" / kind;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    seeds.push_back(read_file(path, 1 << 20));
  }
  EXPECT_FALSE(seeds.empty()) << folder;
  return seeds;
}

TEST(FuzzSeedsTest, AreReadOrRefused) {
  int read = 0;
  for (const char* kind : {"safetensors", "adapter", "archive", "json"}) {
    for (const std::string& seed : seeds_of(kind)) {
      for (const std::size_t skipped : {0U, 1U}) {  // the adapter fuzzer's first byte is a switch
        const std::string file = seed.substr(std::min(skipped, seed.size()));
        try {
          (void)read_adapter_bytes(as_bytes(file), "seed");
          ++read;
        } catch (const Error&) {
          continue;  // refused, as most seeds are
        }
      }
      (void)list_zip_members(as_bytes(seed), 100);
    }
  }
  EXPECT_GE(read, 10);  // lora, loha, lokr, peft and inversion, of two kinds
}

}  // namespace
}  // namespace stylus::weights
