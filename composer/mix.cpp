#include "composer/mix.h"

#include <algorithm>
#include <cmath>

#include "support/error.h"

namespace stylus::composer {
namespace {

constexpr double kPaperFactor = 0.8;
constexpr double kLeastShare = 0.25;
constexpr double kLargestNorm = 2;
constexpr double kOutlierStrength = 1.0 / 3;

/// The weight before the budget is shared out.
double tamed_base(const MixPart& part) {
  const double strength = std::fabs(part.evidence.base * part.calibrated_norm);
  const bool is_tamed =
      !part.fixed && part.calibrated_norm > kOutlierNorm && strength > kOutlierStrength;
  return part.evidence.base * (is_tamed ? kOutlierStrength / strength : 1.0);
}

double factor_for_budget(const std::vector<MixPart>& parts, double budget) {
  double fixed = 0;
  double others = 0;
  for (const MixPart& part : parts) {
    const double norm =
        part.fixed ? std::min(part.calibrated_norm, kLargestNorm) : part.calibrated_norm;
    (part.fixed ? fixed : others) += std::fabs(tamed_base(part) * norm);
  }
  if (fixed + others <= budget || others == 0) {
    return 1;
  }
  return std::clamp((budget - fixed) / others, kLeastShare, 1.0);
}

}  // namespace

WeightEvidence weight_evidence(const catalog::Adapter& adapter, std::optional<double> pinned) {
  WeightEvidence evidence;
  const std::optional<double> own = pinned ? pinned : adapter.overlay.weight;
  if (own) {
    evidence.source = "user";
    evidence.base = *own;
    return evidence;
  }
  evidence.base = adapter.advice.weight;
  switch (adapter.advice.source) {
    case catalog::WeightSource::kUser:
      evidence.source = "user";
      break;
    case catalog::WeightSource::kExamplePrompts:
      evidence.source = "example_prompts";
      evidence.median = adapter.advice.weight;
      evidence.count = adapter.advice.count;
      break;
    case catalog::WeightSource::kCard:
      evidence.source = "card";
      evidence.text = adapter.advice.evidence;
      break;
    case catalog::WeightSource::kModel:
      evidence.source = "model";
      evidence.text = adapter.advice.evidence;
      break;
    case catalog::WeightSource::kDefault:
      evidence.source = "default";
      break;
  }
  return evidence;
}

double calibrated_norm(const catalog::Adapter& adapter,
                       const std::map<std::string, double>& typical_norms) {
  if (!(adapter.frobenius_norm > 0) || adapter.bases.empty()) {
    return 1;
  }
  const auto typical = typical_norms.find(adapter.bases.front() + " " + adapter.kind);
  if (typical == typical_norms.end()) {
    return 1;
  }
  const double ratio = adapter.frobenius_norm / typical->second;
  return ratio > kOutlierNorm ? ratio : std::clamp(ratio, 0.5, kLargestNorm);
}

std::vector<double> mix_weights(const std::vector<MixPart>& parts, WeightRule rule, double budget) {
  require(std::isfinite(budget) && budget > 0, ErrorCode::kInvalidArgument, "the weight budget is ",
          budget, ", expected more than 0");
  const double factor = rule == WeightRule::kBudget ? factor_for_budget(parts, budget) : 1;
  std::vector<double> weights;
  weights.reserve(parts.size());
  for (const MixPart& part : parts) {
    const double base = part.evidence.base;
    if (part.fixed) {
      weights.push_back(base);
    } else if (rule == WeightRule::kPaper) {
      weights.push_back(kPaperFactor * base /
                        static_cast<double>(std::max<std::size_t>(1, part.picks)));
    } else {
      weights.push_back(tamed_base(part) * factor);
    }
  }
  return weights;
}

}  // namespace stylus::composer
