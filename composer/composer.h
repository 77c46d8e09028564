#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/filter.h"
#include "composer/plan.h"
#include "encoder/encoder.h"
#include "retriever/retriever.h"

namespace stylus::composer {

enum class WeightRule {
  kBudget,  ///< Hold the sum of |weight x calibrated norm| under a budget (default).
  kPaper,   ///< 0.8 x weight / picks of the keyword (Stylus paper, appendix).
};

struct ComposeOptions {
  catalog::Filter filter;  ///< filter.base is the plan's base; default "sd15" is set by the app.
  std::string negative_prompt;
  int max_adapters = 2;     ///< Per plan.
  int max_per_keyword = 1;  ///< At most 3 (design 4.3).
  int max_styles = 2;
  WeightRule weights = WeightRule::kBudget;
  double weight_budget = 1.5;  ///< For kBudget.
  bool insert_triggers = true;
  double threshold = -1;       ///< Confidence a pick needs, [0, 1]; negative = the default.
  bool prompt_context = true;  ///< Score keywords with the whole prompt as context.
  int runners_up = 3;          ///< Listed per keyword.
  std::map<std::string, std::optional<double>>
      pinned;  ///< Adapter id -> weight; always in the plan.
  int images = 1;
  std::int64_t seed = 1;  ///< Image i has seed + i; masks are drawn from it.
};

/// The local composer: keywords, coverage, assignment, weights, triggers, masks (design 4.3,
/// quality-recipe 6 to 8). No language model.
///
/// `encoder` may be null: lexical only, and the plan warns. All referenced objects must outlive
/// the composer.
/// Thread safety: plan() from one thread at a time (the catalogue is not shareable).
class Composer {
 public:
  Composer(const catalog::Catalog& catalog, const retriever::Retriever& retriever,
           const encoder::TextEncoder* encoder);

  /// Requires: a prompt of at most 1 MiB (invalid UTF-8 is Error(kInvalidArgument)); an empty
  /// prompt gives an empty plan. Unknown pinned ids are Error(kNotFound).
  /// Ensures: same catalogue, prompt and options -> the same plan, byte for byte.
  [[nodiscard]] Plan plan(std::string_view prompt, const ComposeOptions& options) const;

  /// Why this adapter is not in the plan (or that it is): one sentence, with the figures.
  [[nodiscard]] std::string why_not(catalog::AdapterRow row, std::string_view prompt,
                                    const ComposeOptions& options) const;

 private:
  const catalog::Catalog& catalog_;
  const retriever::Retriever& retriever_;
  const encoder::TextEncoder* encoder_;
};

}  // namespace stylus::composer
