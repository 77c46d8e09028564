#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoder/checked_file.h"
#include "encoder/linear.h"
#include "encoder/trie.h"
#include "weights/safetensors_file.h"

namespace stylus::encoder {

/// What encoder.json tells about one of its safetensors files.
struct FileFacts {
  std::filesystem::path path;
  std::size_t bytes = 0;
  std::string sums_sha256;
};

/// A mapped safetensors file of an encoder folder whose bytes are proven.
///
/// Everything is proven when the file is opened, except the tensor called `late_tensor`: whoever
/// reads rows of it calls prove() on them first.
///
/// Requires: as CheckedFile and weights::parse_safetensors.
/// Thread safety: as CheckedFile.
/// Cost:     one pass over all bytes but the late tensor's, about 10 GB/s.
class ModelFile {
 public:
  explicit ModelFile(const FileFacts& facts, std::string_view late_tensor = {});

  [[nodiscard]] const weights::Safetensors& content() const { return content_; }

  /// Throws Error(kCorruptData) unless `part`, which lies in this file, is what was written.
  void prove(std::span<const std::byte> part) const;

 private:
  CheckedFile file_;
  weights::Safetensors content_;
};

/// Typed views of tensors. Each throws Error(kCorruptData), naming the tensor, unless it is there
/// with this dtype, this shape and natural alignment; -1 in a shape stands for any size. The views
/// live as long as the bytes that were parsed.
[[nodiscard]] std::span<const float> floats(const weights::Safetensors& file, std::string_view name,
                                            const std::vector<std::int64_t>& shape);
[[nodiscard]] std::span<const std::int32_t> integers(const weights::Safetensors& file,
                                                     std::string_view name);
[[nodiscard]] std::span<const std::uint32_t> words(const weights::Safetensors& file,
                                                   std::string_view name);
[[nodiscard]] std::span<const std::uint8_t> octets(const weights::Safetensors& file,
                                                   std::string_view name,
                                                   const std::vector<std::int64_t>& shape);

/// A matrix [inputs, outputs] as packed by tools/fetch_encoder.py; `outputs` a multiple of 32.
[[nodiscard]] PackedMatrix matrix(const weights::Safetensors& file, std::string_view name,
                                  std::size_t inputs, std::size_t outputs);

/// The tensors trie.first, trie.label and trie.piece.
[[nodiscard]] Trie trie(const weights::Safetensors& file, std::size_t piece_count);

/// A number from the file's metadata, else Error(kCorruptData).
[[nodiscard]] double metadata_number(const weights::Safetensors& file, const std::string& key);

}  // namespace stylus::encoder
