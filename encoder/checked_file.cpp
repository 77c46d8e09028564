#include "encoder/checked_file.h"

#include <bit>
#include <cstring>
#include <utility>

#include "support/error.h"
#include "support/hash.h"

namespace stylus::encoder {
namespace {

static_assert(std::endian::native == std::endian::little, "sums are little-endian words");

constexpr std::size_t kWords = CheckedFile::kBlockBytes / sizeof(std::uint64_t);
constexpr std::size_t kMaxSumsBytes = std::size_t{64} << 20U;  // for a file of 32 GiB

std::uint64_t sum_of_words(const std::byte* block) {
  // sum_twice ends as w_0 * n + w_1 * (n - 1) + ..., so 2 * sum_twice - sum has odd weights only:
  // no bit can be shifted out, and a change of one bit always shows.
  std::uint64_t sum = 0;
  std::uint64_t sum_twice = 0;
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, block + i * sizeof(word), sizeof(word));
    sum += word;
    sum_twice += sum;
  }
  return 2 * sum_twice - sum;
}

}  // namespace

std::uint64_t block_sum(std::span<const std::byte> block) {
  if (block.size() == CheckedFile::kBlockBytes) {
    return sum_of_words(block.data());
  }
  std::byte filled[CheckedFile::kBlockBytes] = {};
  if (!block.empty()) {
    std::memcpy(filled, block.data(), block.size());
  }
  return sum_of_words(filled);
}

CheckedFile::CheckedFile(std::filesystem::path path, std::size_t bytes,
                         std::string_view sums_sha256)
    : path_(std::move(path)), file_(path_), proven_((bytes + kBlockBytes - 1) / kBlockBytes) {
  require(file_.size() == bytes, ErrorCode::kCorruptData, path_.string(), " has ", file_.size(),
          " bytes, encoder.json says ", bytes, "; fetch the encoder again");
  const std::filesystem::path sums_path = path_.string() + ".sums";
  sums_ = read_file(sums_path, kMaxSumsBytes);
  require(
      sums_.size() == proven_.size() * sizeof(std::uint64_t) && sha256_hex(sums_) == sums_sha256,
      ErrorCode::kCorruptData, sums_path.string(),
      " is not the file that encoder.json names; fetch the encoder again");
}

void CheckedFile::check(std::size_t offset, std::size_t size) const {
  if (size == 0) {
    return;
  }
  for (std::size_t block = offset / kBlockBytes; block <= (offset + size - 1) / kBlockBytes;
       ++block) {
    if (!proven_[block].load(std::memory_order_relaxed)) {
      check_block(block);
    }
  }
}

void CheckedFile::check_block(std::size_t block) const {
  const std::size_t begin = block * kBlockBytes;
  std::uint64_t expected = 0;
  std::memcpy(&expected, sums_.data() + block * sizeof(expected), sizeof(expected));
  const auto bytes = file_.bytes().subspan(begin, std::min(kBlockBytes, file_.size() - begin));
  require(block_sum(bytes) == expected, ErrorCode::kCorruptData, path_.string(),
          " is damaged between bytes ", begin, " and ", begin + bytes.size(),
          "; delete the folder and fetch the encoder again");
  proven_[block].store(true, std::memory_order_relaxed);
}

}  // namespace stylus::encoder
