#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/file.h"
#include "weights/dtype.h"

namespace stylus::weights {

/// One named tensor inside the bytes of a safetensors file; row-major, no strides.
struct Tensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;   ///< Empty for a scalar; a dimension may be 0.
  std::span<const std::byte> bytes;  ///< Empty when only the shape is known.

  [[nodiscard]] std::int64_t element_count() const;
};

/// The parsed header of a safetensors file.
struct Safetensors {
  std::vector<Tensor> tensors;  ///< In the order of their bytes in the file.
  std::map<std::string, std::string> metadata;
  std::size_t header_bytes = 0;  ///< The length field's value; tensor bytes begin at 8 + this.
};

/// Parses a whole safetensors file that lies in memory.
///
/// Checks all that the reference reader checks: header length (at most 100 MB), UTF-8, JSON,
/// `{` first, metadata of strings only, known dtypes, sizes without overflow, tensors that fill
/// the buffer without hole or overlap, file length; and that no key occurs twice. Beyond it, at
/// most 1,000,000 tensors of at most 64 dimensions, so memory stays bounded.
///
/// Requires: such a file, else Error(kCorruptData) whose message starts with `what` and the name
///           of the fault: "header too small", "header too large", "invalid header length",
///           "header is not UTF-8", "header does not start with {", "header is not JSON",
///           "duplicate key", "invalid metadata", "invalid tensor", "invalid offset", "overflow",
///           "misaligned slice", "wrong size", "wrong file length".
/// Ensures:  every Tensor's bytes lie inside `file`, which must outlive the result.
/// Cost:     time and memory in the size of the header only.
/// Format:   README of github.com/huggingface/safetensors, "Format"
[[nodiscard]] Safetensors parse_safetensors(std::span<const std::byte> file, std::string_view what);

/// A memory-mapped safetensors file.
///
/// Requires: as parse_safetensors; the file can be read, else Error(kNotFound or kIo).
/// Thread safety: reads from several threads are safe; see MappedFile about truncation.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  [[nodiscard]] const std::vector<Tensor>& tensors() const { return content_.tensors; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const {
    return content_.metadata;
  }
  /// The tensor of that name, or null. Cost: a search among all names.
  [[nodiscard]] const Tensor* find(std::string_view name) const;

 private:
  MappedFile file_;
  Safetensors content_;
};

}  // namespace stylus::weights
