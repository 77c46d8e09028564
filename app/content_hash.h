#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "app/workspace.h"

namespace stylus::app {

/// SHA-256 of files and checkpoints. Large files are hashed once: `models/hashes.json` of the home
/// keeps what was found with the file's size and time, so that a start with a checkpoint of 7 GB
/// reads a few lines instead.
/// Format: docs/formats.md#hashes
/// Thread safety: none. Several processes may share the file; the last one's findings stay.
class ContentHashes {
 public:
  /// A cache that cannot be read counts as empty.
  explicit ContentHashes(const Locations& locations);

  /// 64 hex digits. Error(kNotFound, kIo) for what cannot be read.
  [[nodiscard]] std::string file(const std::filesystem::path& path);

  /// A single file's SHA-256; of a diffusers folder that of a list of paths and hashes: what
  /// model_index.json names, and the settings in stylus.json, which decide pictures too.
  [[nodiscard]] std::string checkpoint(const std::filesystem::path& path);

  /// Keeps what was found. A home that cannot be written costs time on the next start, no more.
  void save() const;

 private:
  struct Entry {
    std::uintmax_t size = 0;
    std::int64_t time = 0;  ///< Last change, in the clock of std::filesystem.
    std::string sha256;
  };
  std::filesystem::path cache_;
  std::map<std::string, Entry> known_;  // by absolute path
  bool changed_ = false;
};

}  // namespace stylus::app
