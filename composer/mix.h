#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "composer/composer.h"
#include "composer/plan.h"

namespace stylus::composer {

/// One adapter of a plan before its weight is settled.
struct MixPart {
  WeightEvidence evidence;     ///< Its base is the weight to start from.
  bool fixed = false;          ///< The user set the weight for this plan: never scaled.
  std::size_t picks = 1;       ///< Adapters that share its keyword.
  double calibrated_norm = 1;  ///< See calibrated_norm().
};

/// The weight that an adapter asks for, strongest source first: `pinned` for this plan, the user's
/// own, the median over its example prompts, a number in the card, 0.8.
[[nodiscard]] WeightEvidence weight_evidence(const catalog::Adapter& adapter,
                                             std::optional<double> pinned);

/// How many times a typical update's norm an adapter must have to count as trained too hard. Of 25
/// published adapters the largest has 6.0 times the median, the next 2.1.
inline constexpr double kOutlierNorm = 6.5;

/// How large the adapter's update is beside a typical one of its base family and kind, held to
/// [0.5, 2]; 1 when either is unknown. Beyond kOutlierNorm the true ratio.
[[nodiscard]] double calibrated_norm(const catalog::Adapter& adapter,
                                     const std::map<std::string, double>& typical_norms);

/// The weights of a plan's adapters.
///
///   kPaper:  0.8 * base / picks
///   kBudget: base * min(1, (budget - F) / S), F and S = sum of |base * norm| over the fixed and
///            the other parts; the factor is never below 0.25. A part that is not fixed and whose
///            norm is beyond kOutlierNorm starts at |base * norm| <= 1/3: such updates are also
///            narrower than others, and draw noise at the strength of a typical one.
///
/// Requires: budget > 0 and finite, else Error(kInvalidArgument).
/// Ensures: no weight grows.
[[nodiscard]] std::vector<double> mix_weights(const std::vector<MixPart>& parts, WeightRule rule,
                                              double budget);

}  // namespace stylus::composer
