#pragma once

#include <filesystem>
#include <string>

namespace stylus::render {

/// The first ten digits of a single file's SHA-256 (AutoV2), or "" for a folder.
///
/// Hashing gigabytes takes seconds, so the result is kept in `cache`, a JSON file of path, size and
/// time of the last change; an unreadable cache is made anew, an unwritable one is no error.
[[nodiscard]] std::string model_hash(const std::filesystem::path& model,
                                     const std::filesystem::path& cache);

}  // namespace stylus::render
