#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluator/keyword_presence.h"
#include "evaluator/manifest.h"
#include "evaluator/reference_figures.h"
#include "evaluator/run_lock.h"
#include "evaluator/run_store.h"
#include "evaluator/statistics.h"
#include "support/progress.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// SigLIP's logit of a pair is scale · cosine + bias.
struct SigmoidScale {
  double scale = 1, bias = 0;
};

/// What a run has made, ready to be measured: a pure function of this gives all figures.
struct RunResults {
  Manifest manifest;
  std::vector<ContentId> models;  ///< That painted, by the manifest's names.
  std::vector<ContentId> towers;  ///< That looked: networks of the metrics.
  std::vector<RunItem> items;
  std::vector<PictureRecord> pictures;
  std::vector<StoredPlan> plans;
  /// Rows of the pictures that are done, by picture key.
  std::map<std::string, std::size_t> picture_rows;
  Rows clip_pictures;                   ///< [N, D] unit rows; empty without a CLIP model
  Rows clip_texts;                      ///< [prompts, D] unit rows, in the manifest's order
  std::optional<SigmoidScale> sigmoid;  ///< Of SigLIP, whose score is a probability.
  std::size_t texts_truncated = 0;
  RunKeywords keywords;
  Rows keyword_texts;  ///< [keywords, D] unit rows; empty without a CLIP model
  Rows reference;      ///< [R, D] CLIP rows of real pictures; empty without a reference
  Rows inception_pictures, inception_reference;  ///< Pool features; empty without Inception weights
  std::vector<BatchTimes> times;                 ///< For the report only.
};

/// The figures of one method at one guidance.
struct GroupFigures {
  std::string model, method;
  double guidance = 0;
  std::size_t prompts = 0, pictures = 0;
  double adapters = 0;               ///< Mean number of adapters a prompt.
  double with_adapters = 0;          ///< Share of the prompts that got any.
  Interval clip_score;               ///< Mean over prompts of the mean over pictures.
  Interval clip_score_first;         ///< Of the first picture of each prompt.
  Interval clip_score_best;          ///< Of the best of `best_of` pictures; see Manifest::best_of.
  double clip_deviation = 0;         ///< Of a prompt's pictures, mean over prompts.
  std::size_t presence_prompts = 0;  ///< With keywords that could be ranked.
  Interval keyword_presence;         ///< Presence::rank, mean over prompts of that over pictures.
  Interval keywords_shown;           ///< Presence::shown, likewise.
  /// Of a prompt's pictures, mean over prompts; with at least two pictures a prompt. CLIP rows.
  Interval diversity;  ///< Mean of 1 - cosine over pairs.
  Interval vendi;
  Interval dfid;  ///< Trace of the covariance, of Inception rows where there are any.
  std::vector<ReferenceFigures> reference;
  /// Means over each prompt's pictures, manifest's order; NaN = none.
  std::vector<double> per_prompt;           ///< CLIP score
  std::vector<double> presence_per_prompt;  ///< Presence::rank
};

/// One method beside another, over the prompts that both have.
struct Comparison {
  std::string model, first, second, metric;
  std::optional<double> guidance;  ///< None: the mean over all guidance values of the run.
  std::size_t prompts = 0;
  Interval difference;  ///< first - second, paired by prompt.
  Wins wins;
  double p_holm = 1;  ///< Sign test, corrected; see compare_methods.
};

struct Figures {
  /// "mini-CLIP score", "CLIP score (name)", "SigLIP score (name)"; "" without a CLIP model.
  std::string clip_name;
  std::vector<GroupFigures> groups;
  std::vector<Comparison> comparisons;
  std::vector<std::string> warnings;
  std::vector<std::string> failures;  ///< Pictures and plans that could not be made.
};

/// The score of a picture for its prompt, both as unit rows: 100 · cosine, of SigLIP
/// 100 · sigmoid(scale · cosine + bias), in which a match is above 50 at its best and a stranger
/// near 0.
[[nodiscard]] double pair_score(std::span<const float> picture, std::span<const float> text,
                                const std::optional<SigmoidScale>& sigmoid);

/// Ensures: the same results -> the same figures. Of many pictures with a reference this takes
/// minutes; `progress` hears of every method and guidance.
[[nodiscard]] Figures measure(const RunResults& results, const ProgressFn& progress = {});

/// metrics.json. Format: docs/formats.md#metrics
[[nodiscard]] std::string figures_json(const RunResults& results, const Figures& figures);

}  // namespace stylus::evaluator
