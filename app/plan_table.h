#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"

namespace stylus::app {

/// What speaks for a pick or a search hit: name "Ukiyo-e Art", tags "ukiyo-e".
[[nodiscard]] std::string evidence_text(const std::vector<composer::Evidence>& evidence);

/// The plan for a person: a table (keyword, adapter, weight, fit, why), the words that got no
/// adapter, the prompt as rendered, warnings.
[[nodiscard]] std::string plan_table(const composer::Plan& plan);

/// The same with runners-up and evidence for every keyword: what `stylus explain` prints.
[[nodiscard]] std::string plan_explanation(const composer::Plan& plan);

}  // namespace stylus::app
