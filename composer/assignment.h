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
    kUnsure,         ///< Below the threshold, or nothing speaks for it.
    kServesAnother,  ///< The adapter serves another keyword already.
    kKeywordFull,    ///< The keyword has its adapters already.
    kPlanFull,       ///< The plan has its adapters already.
    kTooManyStyles,  ///< The plan has its style adapters already.
  };
  std::size_t proposal = 0;  ///< Place in the list.
  Outcome outcome = Outcome::kUnsure;
};

/// What a card has to say for a proposal.
struct Support {
  bool is_enough = true;  ///< Something on the card speaks for the keyword.
  bool is_style = false;
  std::set<std::string> words;  ///< Stems that keyword and card share, as far as they tell much.
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
/// A keyword may hold one style and one thing ("line art car"): where one adapter a keyword is
/// allowed, an adapter of the other kind joins it if it is there for other words of the keyword.
/// A proposal for an adapter that is already in the plan is kServesAnother.
/// support_of: asked only about proposals that would be picked otherwise; what has not enough of it
/// is kUnsure.
/// Ensures: one decision per proposal, in their order.
[[nodiscard]] std::vector<Decision> assign(
    const std::vector<Proposal>& proposals, const AssignmentOptions& options,
    const AlreadyInPlan& pinned, const std::function<Support(const Proposal&)>& support_of);

/// The outcome as a reason for people: "two style adapters already". "" for kPicked.
[[nodiscard]] std::string reason_of(Decision::Outcome outcome, const AssignmentOptions& options);

}  // namespace stylus::composer
