#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/evaluate_options.h"
#include "app/content_hash.h"
#include "evaluator/feature_file.h"
#include "evaluator/figures.h"
#include "evaluator/run_folder.h"

namespace stylus::app {

/// A network of `stylus-evaluate`, and what its rows depend on.
struct Tower {
  std::string kind;  ///< "clip" (SigLIP too) or "inception"
  std::filesystem::path model;
  std::filesystem::path tokenizer;  ///< clip: of its text tower
  std::string resize;               ///< inception
  evaluator::ContentId content;     ///< Of the weights.
  std::string settings;             ///< Hashes of configuration, preprocessing and tokenizer.
};

/// The CLIP model that the manifest names, the embedded one for "mini".
/// Error(kNotFound) for a folder without model.safetensors, or a missing embedded model.
[[nodiscard]] Tower clip_tower(const evaluator::Manifest& run, const Locations& locations,
                               ContentHashes& hashes);
[[nodiscard]] Tower inception_tower(const evaluator::Manifest& run, ContentHashes& hashes);

/// Feature rows in a run's folder, made by `stylus-evaluate` where they are not there yet. A file
/// is named by the content of weights, settings, pictures and texts, so a stale one is never read.
class FeatureStore {
 public:
  FeatureStore(const EvaluateCommand& command, const evaluator::RunFolder& folder, Tower tower)
      : command_(command), folder_(folder), tower_(std::move(tower)) {}

  /// hashes: SHA-256 of the picture files. on_step hears how many are done.
  [[nodiscard]] Rows pictures(const std::vector<std::filesystem::path>& files,
                              const std::vector<std::string>& hashes,
                              const std::function<void(std::size_t)>& on_step) const;

  struct Texts {
    Rows rows;
    std::size_t truncated = 0;  ///< Texts that were longer than the tower reads.
    std::optional<evaluator::SigmoidScale> sigmoid;  ///< Of SigLIP.
  };
  [[nodiscard]] Texts texts(const std::vector<std::string>& texts) const;

  [[nodiscard]] const Tower& tower() const { return tower_; }

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::vector<std::string>& hashes,
                                              const std::vector<std::string>& texts) const;
  void look(const std::filesystem::path& output, const std::vector<std::filesystem::path>& pictures,
            const std::vector<std::string>& texts,
            const std::function<void(std::size_t)>& on_step) const;

  const EvaluateCommand& command_;
  const evaluator::RunFolder& folder_;
  Tower tower_;
};

}  // namespace stylus::app
