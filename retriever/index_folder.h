#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace stylus::retriever {

/// An index file by its name: "<encoder>-<hash of its id>-r<revision>.index".
struct IndexFile {
  std::filesystem::path path;
  std::int64_t revision = 0;
};

/// Path of the index of (encoder, revision) in a folder.
[[nodiscard]] std::filesystem::path index_path(const std::filesystem::path& folder,
                                               std::string_view encoder_id, std::int64_t revision);

/// The index files of one encoder, newest first. A folder that is not there holds none.
[[nodiscard]] std::vector<IndexFile> index_files(const std::filesystem::path& folder,
                                                 std::string_view encoder_id);

}  // namespace stylus::retriever
