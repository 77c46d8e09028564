#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/rows.h"

namespace stylus::encoder {

/// What a reference implementation makes of some texts: tests/golden/encoder/MANIFEST.md.
struct GoldenSet {
  std::vector<std::string> texts;
  std::vector<std::vector<std::int32_t>> ids;
  Rows vectors;
};

/// Reads `name`_texts.jsonl and `name`_vectors.safetensors. A missing file fails the test.
GoldenSet read_golden_set(const std::string& name);

/// Cosine of two rows.
double cosine(std::span<const float> a, std::span<const float> b);

}  // namespace stylus::encoder
