#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"

namespace stylus::app {

/// One way in which a plan differs from an earlier one for the same prompt.
struct PlanChange {
  enum class Kind { kGained, kLost, kWeight, kTriggers, kKeywords } kind{};
  std::string adapter_id, adapter_name;  ///< "" for kKeywords.
  std::string what;                      ///< "ukiyo-e", "0.8 -> 0.64"
  std::string why;                       ///< Filled by the caller, who knows the catalogue.
};

/// "gained", "lost", "weight", "triggers", "keywords"
[[nodiscard]] const char* change_name(PlanChange::Kind kind);

/// What another plan for the same prompt does differently: adapters first, then weights (from 0.005
/// on), triggers and keywords. Empty if it would paint the same.
[[nodiscard]] std::vector<PlanChange> plan_changes(const composer::Plan& before,
                                                   const composer::Plan& after);

}  // namespace stylus::app
