#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::weights {

/// Throws when the bytes begin like another format than safetensors that people mistake for an
/// adapter file: Error(kUnsupported) for a pickle (.pt, .ckpt, .bin; with the command that
/// converts it), a zip archive and GGUF; Error(kCorruptData) for a saved web page and a Git LFS
/// pointer. Returns when they do not.
///
/// A pickle is code, so nothing of it is run or interpreted: only the names of the archive's
/// members are read.
void refuse_foreign_format(std::span<const std::byte> file, std::string_view what);

/// Names of the members of a zip archive, from its central directory, at most `limit`; empty when
/// there is no readable directory.
/// Ensures: every read is inside `file`, whatever the directory claims; names are valid UTF-8.
[[nodiscard]] std::vector<std::string> list_zip_members(std::span<const std::byte> file,
                                                        std::size_t limit);

}  // namespace stylus::weights
