#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "support/rows.h"

namespace stylus::encoder {

/// Turns texts into unit vectors whose cosine says how alike they mean.
///
/// Thread safety: encode() may run from several threads.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  /// Names the weights and the arithmetic, e.g. "use-multilingual-v3/1"; vectors of different ids
  /// never meet.
  [[nodiscard]] virtual const std::string& id() const = 0;
  [[nodiscard]] virtual std::size_t dim() const = 0;  ///< D

  /// Shapes:  N texts -> [N, D] float32, each row of L2 norm 1 (a text without any token: zeros).
  /// Ensures: row i depends on texts[i] alone, bit for bit, whatever else is in the batch.
  /// Cost:    see benchmarks/README.md; batches are spread over the machine's cores.
  [[nodiscard]] virtual Rows encode(std::span<const std::string> texts) const = 0;
};

/// Opens an encoder folder: `encoder.json` names its architecture ("use" or "bert"), the rest is
/// model.safetensors and the tokenizer's file. Maps the weights; ready in milliseconds.
///
/// Requires: a folder made by tools/setup or `stylus models add`, else Error(kNotFound), or
///           Error(kCorruptData) that names the missing tensor or file.
[[nodiscard]] std::unique_ptr<TextEncoder> open_text_encoder(const std::filesystem::path& folder);

}  // namespace stylus::encoder
