#include "app/plan_diff.h"

#include <algorithm>
#include <cmath>

#include "app/output.h"
#include "support/text.h"

namespace stylus::app {
namespace {

using composer::Plan;
using composer::PlanAdapter;
using Kind = PlanChange::Kind;

constexpr double kSameWeight = 0.005;

const PlanAdapter* find(const Plan& plan, const std::string& id) {
  const auto found = std::find_if(plan.adapters.begin(), plan.adapters.end(),
                                  [&](const PlanAdapter& adapter) { return adapter.id == id; });
  return found == plan.adapters.end() ? nullptr : &*found;
}

/// What an adapter is there for.
std::string served(const Plan& plan, const PlanAdapter& adapter) {
  std::vector<std::string> texts;
  for (const int keyword : adapter.keywords) {
    texts.push_back(plan.keywords[static_cast<std::size_t>(keyword)].text);
  }
  return texts.empty() ? "pinned" : join(texts, ", ");
}

std::string triggers_of(const PlanAdapter& adapter) {
  std::vector<std::string> texts;
  for (const composer::PlanTrigger& trigger : adapter.triggers) {
    texts.push_back(trigger.text + (trigger.inserted ? " (inserted)" : ""));
  }
  return texts.empty() ? "none" : join(texts, ", ");
}

std::string keywords_of(const Plan& plan) {
  std::vector<std::string> texts;
  for (const composer::Keyword& keyword : plan.keywords) {
    texts.push_back(keyword.text);
  }
  return texts.empty() ? "none" : join(texts, ", ");
}

std::string from_to(const std::string& before, const std::string& after) {
  return before + " \u2192 " + after;
}

}  // namespace

const char* change_name(Kind kind) {
  switch (kind) {
    case Kind::kGained:
      return "gained";
    case Kind::kLost:
      return "lost";
    case Kind::kWeight:
      return "weight";
    case Kind::kTriggers:
      return "triggers";
    case Kind::kKeywords:
      break;
  }
  return "keywords";
}

std::vector<PlanChange> plan_changes(const Plan& before, const Plan& after) {
  std::vector<PlanChange> changes;
  for (const PlanAdapter& old : before.adapters) {
    if (find(after, old.id) == nullptr) {
      changes.push_back({Kind::kLost, old.id, old.name, served(before, old), ""});
    }
  }
  for (const PlanAdapter& now : after.adapters) {
    if (find(before, now.id) == nullptr) {
      changes.push_back({Kind::kGained, now.id, now.name, served(after, now), ""});
    }
  }
  for (const PlanAdapter& now : after.adapters) {
    const PlanAdapter* old = find(before, now.id);
    if (old != nullptr && std::abs(old->weight - now.weight) >= kSameWeight) {
      changes.push_back(
          {Kind::kWeight, now.id, now.name, from_to(number(old->weight), number(now.weight)), ""});
    }
    if (old != nullptr && triggers_of(*old) != triggers_of(now)) {
      changes.push_back(
          {Kind::kTriggers, now.id, now.name, from_to(triggers_of(*old), triggers_of(now)), ""});
    }
  }
  if (keywords_of(before) != keywords_of(after)) {
    changes.push_back(
        {Kind::kKeywords, "", "", from_to(keywords_of(before), keywords_of(after)), ""});
  }
  return changes;
}

}  // namespace stylus::app
