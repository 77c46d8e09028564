#pragma once

#include <filesystem>

#include "support/rows.h"

namespace stylus::evaluator {

/// Feature rows of pictures and of texts, as `stylus-evaluate` writes them.
/// Format: docs/formats.md#feature-file
struct FeatureFile {
  Rows pictures;  ///< [N, D]
  Rows texts;     ///< [M, D]; may be empty
};

/// Adds `more` below `rows`. Requires: equal widths (any, while rows is empty), else
/// Error(kInvalidArgument).
void append_rows(Rows& rows, const Rows& more);

/// Safetensors with fp32 tensors "pictures" and "texts"; whole or not at all.
void write_feature_file(const std::filesystem::path& path, const FeatureFile& file);

/// Requires: such a file with finite values, else Error(kCorruptData, kNotFound, kIo). fp16 tensors
/// are read too; a missing one is empty.
[[nodiscard]] FeatureFile read_feature_file(const std::filesystem::path& path);

}  // namespace stylus::evaluator
