#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "evaluator/statistics.h"

namespace stylus::evaluator {

/// How well plans agree with reference plans of the same prompts; no picture is looked at.
struct PlanQuality {
  std::size_t prompts = 0;  ///< Reference plans with a plan beside them.
  std::size_t missing = 0;  ///< Reference plans without one; they count as empty plans.
  double adapters = 0, reference_adapters = 0;  ///< Mean number a plan.

  /// Means over prompts. Two empty sets agree fully.
  Interval precision, recall, f1;  ///< Adapters, by id.
  Interval any_hit;      ///< Of prompts whose reference has adapters: at least one is shared.
  Interval f1_ceiling;   ///< F1 of a plan that takes all reference adapters that can be had here.
  Interval hit_ceiling;  ///< Of the same prompts: at least one can be had here.
  Interval span_f1;      ///< Keywords with equal borders.
  Interval word_f1;      ///< Bytes of the prompt that keywords cover.
  Interval coverage_agreement;  ///< Of keywords with equal borders: both covered or both not.
};

/// `is_known`: whether an adapter can be had at all in the catalogue that the plans were made with.
/// Plans meet by their ids. Intervals: bootstrap over prompts.
/// Requires: at least one reference plan; ids that are there and unique; spans only count where
///           both plans have the same prompt. Else Error(kInvalidArgument).
[[nodiscard]] PlanQuality plan_quality(const std::vector<composer::Plan>& plans,
                                       const std::vector<composer::Plan>& reference,
                                       const std::function<bool(std::string_view id)>& is_known,
                                       int resamples = 2000, std::uint64_t seed = 1);

/// {"stylus_plan_quality": 1, …}. Format: docs/formats.md#plan-quality
[[nodiscard]] std::string plan_quality_json(const PlanQuality& quality);

}  // namespace stylus::evaluator
