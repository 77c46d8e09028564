#pragma once

#include <filesystem>
#include <string>

#include "evaluator/manifest.h"

namespace stylus::evaluator {

/// The folder of one run, locked while this object lives.
///
///   manifest.json   the run, written once        items.db   what is planned, done and failed
///   pictures/ab/…   PNG files by their SHA-256   features/  rows of numbers of pictures and texts
///   metrics.json    report.html
/// Format: docs/formats.md#run-folder
class RunFolder {
 public:
  /// Makes the folder, or goes on with the same run in it.
  /// Requires: no other run in it, else Error(kInvalidArgument); nobody at work in it, else
  ///           Error(kUnavailable).
  RunFolder(const std::filesystem::path& path, const Manifest& manifest);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path database() const { return path_ / "items.db"; }
  [[nodiscard]] std::filesystem::path features() const { return path_ / "features"; }
  /// Where files lie while they are being made; emptied when the folder is opened.
  [[nodiscard]] std::filesystem::path scratch() const { return path_ / "scratch"; }
  /// Where the picture of that hash lies.
  [[nodiscard]] std::filesystem::path picture(const std::string& sha256) const {
    return picture_in(path_, sha256);
  }
  [[nodiscard]] static std::filesystem::path picture_in(const std::filesystem::path& folder,
                                                        const std::string& sha256);

  /// Moves a finished picture to its place; returns its hash.
  [[nodiscard]] std::string keep_picture(const std::filesystem::path& file) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

/// The manifest of an existing run folder. Error(kNotFound) where there is none.
[[nodiscard]] Manifest stored_manifest(const std::filesystem::path& folder);

}  // namespace stylus::evaluator
