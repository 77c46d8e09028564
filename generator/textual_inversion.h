#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace stylus::generator {

/// A learned word: n vectors that stand where its name stands in a prompt.
struct TextualInversion {
  std::string name;
  /// One tensor [n, width] fp32 on the CPU per text encoder that it was trained for. SD 1 and 2
  /// have one, SDXL two (CLIP-L, then bigG).
  std::vector<at::Tensor> vectors;

  [[nodiscard]] std::int64_t count() const { return vectors.empty() ? 0 : vectors[0].size(0); }
};

/// Reads a safetensors file of A1111 ("emb_params"), of diffusers (one tensor named by its token,
/// "<cat-toy>") or for SDXL ("clip_l" and "clip_g"). The name is diffusers' token if the file has
/// one, else the file's stem.
///
/// Requires: one of these layouts, 1 to 1024 finite vectors, as many for each encoder, else
///           Error(kCorruptData); a pickle (.pt, .bin) is Error(kUnsupported) with how to convert
///           it.
[[nodiscard]] TextualInversion read_textual_inversion(const std::filesystem::path& path);

/// The same from bytes in memory that a file of that name would hold.
[[nodiscard]] TextualInversion read_textual_inversion(std::span<const std::byte> bytes,
                                                      const std::string& file_name);

}  // namespace stylus::generator
