#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/dtype.h"

namespace stylus::weights {

/// One entry of a safetensors header as written, offsets not yet checked.
struct HeaderEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< Bytes from the start of the tensor buffer.
  std::uint64_t end = 0;
};

struct ParsedHeader {
  std::vector<HeaderEntry> entries;  ///< As written.
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON text of a safetensors header in one pass that keeps nothing but the entries.
/// Requires: see parse_safetensors, else Error(kCorruptData) that starts with `what`.
[[nodiscard]] ParsedHeader parse_safetensors_header(std::string_view json, std::string_view what);

}  // namespace stylus::weights
