#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "composer/proposals.h"

namespace stylus::composer {

struct AssignmentOptions {
  std::size_t max_adapters = 2;
  std::size_t max_per_keyword = 1;  ///< More than 3 counts as 3.
  std::size_t max_styles = 2;
};

/// What became of a proposal.
struct Decision {
  enum class Outcome {
    kPicked,
    kUnsure,         ///< Below the threshold.
    kServesAnother,  ///< The adapter serves another keyword already.
    kKeywordFull,    ///< The keyword has its adapters already.
    kPlanFull,       ///< The plan has its adapters already.
    kTooManyStyles,  ///< The plan has its style adapters already.
  };
  std::size_t proposal = 0;  ///< Place in the list.
  Outcome outcome = Outcome::kUnsure;
};

/// What the plan holds before anything is assigned: pinned adapters.
struct AlreadyInPlan {
  std::set<catalog::AdapterRow> rows;
  std::size_t styles = 0;
  std::map<std::size_t, std::size_t> picks_of_keyword;
};

/// Goes through the proposals, surest first, and picks what the rules of design 4.3 allow: each
/// adapter once, at most so many per keyword, in the plan, and styles.
///
/// A proposal for an adapter that is already in the plan is kServesAnother.
/// is_style: asked only about adapters that would be picked otherwise.
/// Ensures: one decision per proposal, in their order.
[[nodiscard]] std::vector<Decision> assign(
    const std::vector<Proposal>& proposals, const AssignmentOptions& options,
    const AlreadyInPlan& pinned, const std::function<bool(catalog::AdapterRow)>& is_style);

/// The outcome as a reason for people: "two style adapters already". "" for kPicked.
[[nodiscard]] std::string reason_of(Decision::Outcome outcome, const AssignmentOptions& options);

}  // namespace stylus::composer
