#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/file.h"

namespace stylus::encoder {

/// A mapped file whose bytes are proven before they are used, 4,096 at a time.
///
/// Reading 80 MB to prove a file whose use touches a few rows would cost more than everything else
/// that opening does. So each block has a sum in a second file, and check() proves the blocks of a
/// range on their first use. Any single flipped bit and nearly all other damage are found; against
/// a person who forges both files this is no protection, SHA-256 in encoder.json is.
///
/// Requires: `path` and `path`.sums as tools/fetch_encoder.py writes them, with the length and the
///           SHA-256 of the sums as told, else Error(kNotFound or kCorruptData).
/// Thread safety: check() and bytes() may run from several threads.
/// Cost:     opening: microseconds per MB; check(): about 10 GB/s, nothing for proven blocks.
/// Format:   docs/formats.md#encoder-folder
class CheckedFile {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  CheckedFile(std::filesystem::path path, std::size_t bytes, std::string_view sums_sha256);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return file_.bytes(); }

  /// Throws Error(kCorruptData) if a block of [offset, offset + size) is not what was written.
  /// Requires: the range lies in the file.
  void check(std::size_t offset, std::size_t size) const;

 private:
  void check_block(std::size_t block) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::string sums_;  // little-endian 64-bit sums, one a block
  mutable std::vector<std::atomic<bool>> proven_;
};

/// The sum of one block of at most CheckedFile::kBlockBytes, as if filled up with zeros: 64-bit
/// little-endian words times odd weights, 1,023 for the first and 1 for the last, modulo 2^64.
[[nodiscard]] std::uint64_t block_sum(std::span<const std::byte> block);

}  // namespace stylus::encoder
