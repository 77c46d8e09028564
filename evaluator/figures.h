#pragma once

#include <map>
#include <string>
#include <vector>

#include "evaluator/manifest.h"
#include "evaluator/run_store.h"
#include "evaluator/set_distances.h"
#include "evaluator/statistics.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// What a run has made, ready to be measured: a pure function of this gives all figures.
struct RunResults {
  Manifest manifest;
  std::vector<RunItem> items;
  std::vector<PictureRecord> pictures;
  std::vector<StoredPlan> plans;
  /// Rows of the pictures that are done, by picture key.
  std::map<std::string, std::size_t> picture_rows;
  Rows clip_pictures;  ///< [N, D] unit rows; empty without a CLIP model
  Rows clip_texts;     ///< [prompts, D] unit rows, in the manifest's order
  std::size_t texts_truncated = 0;
  Rows reference;  ///< [R, D] CLIP rows of real pictures; empty without a reference
  Rows inception_pictures, inception_reference;  ///< Pool features; empty without Inception weights
  std::vector<BatchTimes> times;                 ///< For the report only.
};

/// How far a method's pictures lie from the reference's.
struct ReferenceFigures {
  std::string
      features;        ///< "mini-CLIP", "CLIP" or "Inception": what the distances are named after.
  double frechet = 0;  ///< Of Inception features: FID.
  KernelDistance kernel;  ///< Of Inception features: KID.
  Coverage coverage;
  double cmmd = 0;  ///< Of CLIP features only.
};

/// The figures of one method at one guidance.
struct GroupFigures {
  std::string model, method;
  double guidance = 0;
  std::size_t prompts = 0, pictures = 0;
  double adapters = 0;        ///< Mean number of adapters a prompt.
  double with_adapters = 0;   ///< Share of the prompts that got any.
  Interval clip_score;        ///< Mean over prompts of the mean over pictures.
  Interval clip_score_first;  ///< Of the first picture of each prompt.
  Interval clip_score_best;   ///< Of the best of `best_of` pictures; see Manifest::best_of.
  double clip_deviation = 0;  ///< Of a prompt's pictures, mean over prompts.
  /// Of a prompt's pictures, mean over prompts; with at least two pictures a prompt. CLIP rows.
  Interval diversity;  ///< Mean of 1 - cosine over pairs.
  Interval vendi;
  Interval dfid;  ///< Trace of the covariance, of Inception rows where there are any.
  std::vector<ReferenceFigures> reference;
  std::vector<double>
      per_prompt;  ///< Mean CLIP score of each prompt, manifest's order; NaN = none.
};

/// One method beside another, over the prompts that both have.
struct Comparison {
  std::string model, first, second, metric;
  double guidance = 0;
  std::size_t prompts = 0;
  Interval difference;  ///< first - second, paired by prompt.
  Wins wins;
  double p_holm = 1;  ///< Sign test, corrected for all comparisons of the run.
};

struct Figures {
  std::string clip_name;  ///< "mini-CLIP score" or "CLIP score (name)"
  std::vector<GroupFigures> groups;
  std::vector<Comparison> comparisons;
  std::vector<std::string> warnings;
  std::vector<std::string> failures;  ///< Pictures and plans that could not be made.
};

/// Ensures: the same results -> the same figures.
[[nodiscard]] Figures measure(const RunResults& results);

/// metrics.json. Format: docs/formats.md#metrics
[[nodiscard]] std::string figures_json(const RunResults& results, const Figures& figures);

}  // namespace stylus::evaluator
