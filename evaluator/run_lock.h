#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stylus::evaluator {

/// A file or folder by the name that the run gives it and the SHA-256 of its content.
struct ContentId {
  std::string name, sha256;
  bool operator==(const ContentId&) const = default;
};

/// Writes `run.lock` with the models that paint a run's pictures, or checks them against the one
/// that is there, so that a run that goes on never mixes pictures of two checkpoints.
/// Format: docs/formats.md#run-folder
/// Errors: Error(kInvalidArgument) that names the model whose content has changed.
void hold_to_models(const std::filesystem::path& run_folder, const std::vector<ContentId>& models);

/// What `run.lock` holds; empty where there is none. Error(kCorruptData) for a broken one.
[[nodiscard]] std::vector<ContentId> locked_models(const std::filesystem::path& run_folder);

}  // namespace stylus::evaluator
