#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "evaluator/manifest.h"
#include "evaluator/run_store.h"
#include "support/rows.h"

namespace stylus::evaluator {

/// The keywords of a run's prompts: the same for every method, so that methods compare.
struct RunKeywords {
  std::vector<std::string> texts;                   ///< Each once, in order of appearance.
  std::vector<std::vector<std::size_t>> of_prompt;  ///< Numbers into texts; manifest's order.
};

/// A prompt's keywords are those of its first plan that has any: of a method of kind "plans"
/// (reference plans), else of the methods in the manifest's order. Covered and abstained ones
/// alike; texts that differ only in case count once.
[[nodiscard]] RunKeywords keywords_of_run(const Manifest& manifest,
                                          const std::vector<StoredPlan>& plans);

/// How surely pictures show the keywords of their prompts.
struct Presence {
  double rank = 0;   ///< Mean share of the distractors that a keyword beats, [0, 1]; chance 0.5.
  double shown = 0;  ///< Share of the keywords that beat 95 % of the distractors; chance 0.05.
};

/// Ranks each keyword of a picture's prompt among distractors, by a CLIP model.
///
///   s(k, p) = t_k · (v_p − v̄)     t, v: unit rows of texts and pictures; v̄: mean row of the
///                                 pictures that the run made with the same model
///   rank(k, p) = share of the distractors d with s(d, p) < s(k, p), equal ones count half
///
/// Taking v̄ away takes away how well a word fits any picture at all, so that a picture that has
/// nothing to do with k ranks it at 0.5 on average. Distractors are the keywords of other prompts
/// that share no word of three letters or more with this prompt; at most 200, the same for every
/// picture of the prompt, drawn by the run's seed.
/// A rank tells whether the model recognises the keyword, not how beautiful it is.
class PresenceMeter {
 public:
  static constexpr std::size_t kFewestDistractors = 20;
  static constexpr std::size_t kMostDistractors = 200;
  static constexpr double kShownRank = 0.95;

  /// keyword_rows: one unit row for each of keywords.texts, else Error(kInvalidArgument). Both
  /// outlive the meter.
  PresenceMeter(const Manifest& manifest, const RunKeywords& keywords, const Rows& keyword_rows);

  /// Whether the prompt has keywords and enough distractors.
  [[nodiscard]] bool measures(std::size_t prompt) const;

  /// Mean over the keywords of prompt number `prompt`. picture and mean: rows of the keywords'
  /// width. Requires: measures(prompt). Cost: one dot product a keyword and distractor.
  [[nodiscard]] Presence of_picture(std::size_t prompt, std::span<const float> picture,
                                    std::span<const double> mean) const;

 private:
  const RunKeywords& keywords_;
  const Rows& rows_;
  std::vector<std::vector<std::size_t>> distractors_;  // of each prompt
};

}  // namespace stylus::evaluator
