#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/figures.h"
#include "evaluator/towers/feature_job.h"
#include "support/picture.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// A network that turns pictures (and texts) into rows of numbers.
/// Thread safety: none.
class FeatureModel {
 public:
  virtual ~FeatureModel() = default;
  [[nodiscard]] virtual std::size_t width() const = 0;
  /// [N, width]; CLIP's and SigLIP's rows have unit length.
  [[nodiscard]] virtual Rows picture_rows(const std::vector<Picture>& pictures) = 0;
  /// [N, width]; adds to `truncated` how many texts were cut. Error(kUnsupported) where the model
  /// reads no texts.
  [[nodiscard]] virtual Rows text_rows(const std::vector<std::string>& texts,
                                       std::size_t& truncated) = 0;
  /// What makes a probability of a pair's cosine; only SigLIP has it.
  [[nodiscard]] virtual std::optional<SigmoidScale> sigmoid() const { return std::nullopt; }
};

/// The model of a job. Errors: those of reading it.
[[nodiscard]] std::unique_ptr<FeatureModel> open_feature_model(const FeatureJob& job);

/// CLIP's or SigLIP's towers; see nn::load_clip_towers.
[[nodiscard]] std::unique_ptr<FeatureModel> open_clip_features(const FeatureJob& job);

/// FID's network; see nn::Inception.
[[nodiscard]] std::unique_ptr<FeatureModel> open_inception_features(const FeatureJob& job);

}  // namespace stylus::evaluator
