// Composer::why_not(): one adapter's way through filter, ranking and rules, told in a sentence.
#include <algorithm>
#include <cstdio>

#include "composer/composition.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

using Outcome = Decision::Outcome;

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

std::string in_quotes(std::string_view text) {
  std::string quoted = "\"";  // appended: g++ 12 misreads a sum of a literal and a string
  quoted.append(text).append("\"");
  return quoted;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// The first rule of the filter that the adapter breaks; "" if none.
std::string broken_rule(const catalog::Adapter& adapter, const catalog::Filter& filter) {
  if (adapter.overlay.blocked || contains(filter.blocked, adapter.id)) {
    return "it is blocked";
  }
  if (!filter.base.empty() && !contains(adapter.bases, filter.base)) {
    return "it is for " + (adapter.bases.empty() ? "an unknown base" : join(adapter.bases, ", ")) +
           ", not for " + filter.base;
  }
  const catalog::Rating rating = catalog::effective_rating(adapter);
  if (rating == catalog::Rating::kAdult && !filter.allow_nsfw) {
    return "it is rated adult (--allow-nsfw)";
  }
  if (rating == catalog::Rating::kUnrated && !filter.allow_unrated) {
    return "it has no rating (--allow-unrated)";
  }
  if (adapter.real_person && !filter.allow_people) {
    return "it shows a real person (--allow-people)";
  }
  return "";
}

std::string filtered(const catalog::Adapter& adapter, const CachedFilter& filter) {
  if (filter.compiled.only_if_named.contains(adapter.row)) {
    return "it is a character, and the prompt names neither its triggers nor its name "
           "(--allow-people lets all characters in)";
  }
  const std::string rule = broken_rule(adapter, filter.filter);
  return rule.empty() ? "the filter (licence, folder, tags, installed, kind) leaves it out" : rule;
}

/// Best of the adapter's proposals with its decision; null if it has none.
const Decision* best_decision(const Composition& composition, catalog::AdapterRow row) {
  for (const Decision& decision : composition.decisions()) {
    if (composition.proposals().list[decision.proposal].row == row) {
      return &decision;
    }
  }
  return nullptr;
}

/// `"storm": rank 7, 1.2 % sure`
std::string standing(const Composition& composition, const Proposal& proposal) {
  const std::string rank =
      proposal.place ? "rank " + std::to_string(*proposal.place + 1) + ", " : "";
  return in_quotes(composition.reading().keywords[proposal.keyword].query) + " (" + rank +
         percent(proposal.confidence) + " sure)";
}

/// The surest proposal that was picked for this keyword instead; null if none was.
const Proposal* picked_instead(const Composition& composition, std::size_t keyword) {
  for (const Decision& decision : composition.decisions()) {
    const Proposal& proposal = composition.proposals().list[decision.proposal];
    if (decision.outcome == Outcome::kPicked && proposal.keyword == keyword) {
      return &proposal;
    }
  }
  return nullptr;
}

}  // namespace

std::string Composer::why_not(catalog::AdapterRow row, std::string_view prompt,
                              const ComposeOptions& options) const {
  state_->forget_old_filters();
  Composition composition(*state_, prompt, options);
  const std::string name = in_quotes(composition.adapter(row).name);
  for (const PinnedAdapter& pinned : composition.pinned()) {
    if (pinned.row == row) {
      return name + " is in the plan: it is pinned.";
    }
  }
  const Decision* decision = best_decision(composition, row);
  if (decision == nullptr) {
    const CachedFilter& filter = composition.filter();
    const auto& named = composition.proposals().named_characters;
    const bool ranked =
        filter.compiled.allowed.contains(row) ||
        std::any_of(named.begin(), named.end(), [&](const auto& each) { return each.row == row; });
    if (!ranked) {
      return name + " was not looked at: " + filtered(composition.adapter(row), filter) + ".";
    }
    return name + " is not in the plan: it is not among the first adapters of any keyword.";
  }
  const Proposal& proposal = composition.proposals().list[decision->proposal];
  const std::string best = standing(composition, proposal);
  if (decision->outcome == Outcome::kPicked) {
    return name + " is in the plan for " + best + ".";
  }
  std::string answer = name + " is not in the plan: its best keyword is " + best + ", but ";
  const Proposal* other = picked_instead(composition, proposal.keyword);
  if (decision->outcome == Outcome::kUnsure && other == nullptr) {
    return answer + "that is not sure enough.";
  }
  if (other != nullptr) {
    return answer + in_quotes(composition.adapter(other->row).name) + " serves it better (" +
           percent(other->confidence) + " sure).";
  }
  return answer + reason_of(decision->outcome, composition.limits()) + ".";
}

}  // namespace stylus::composer
