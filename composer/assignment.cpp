#include "composer/assignment.h"

#include <algorithm>
#include <array>

namespace stylus::composer {
namespace {

using Outcome = Decision::Outcome;

/// "no adapter", "one adapter", "two style adapters".
std::string counted(std::size_t count, const std::string& noun) {
  static const std::array<const char*, 5> kWords = {"no", "one", "two", "three", "four"};
  const std::string number = count < kWords.size() ? kWords.at(count) : std::to_string(count);
  return number + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::vector<Decision> assign(const std::vector<Proposal>& proposals,
                             const AssignmentOptions& options, const AlreadyInPlan& pinned,
                             const std::function<bool(catalog::AdapterRow)>& is_style) {
  const std::size_t per_keyword = std::min<std::size_t>(options.max_per_keyword, 3);
  std::set<catalog::AdapterRow> used = pinned.rows;
  std::size_t styles = pinned.styles;
  std::map<std::size_t, std::size_t> picks_of_keyword = pinned.picks_of_keyword;

  const auto judge = [&](const Proposal& proposal) {
    if (used.count(proposal.row) != 0) {
      return Outcome::kServesAnother;
    }
    if (!proposal.sure_enough) {
      return Outcome::kUnsure;
    }
    if (picks_of_keyword[proposal.keyword] >= per_keyword) {
      return Outcome::kKeywordFull;
    }
    if (used.size() >= options.max_adapters) {
      return Outcome::kPlanFull;
    }
    const bool style = is_style(proposal.row);
    if (style && styles >= options.max_styles) {
      return Outcome::kTooManyStyles;
    }
    styles += style ? 1 : 0;
    return Outcome::kPicked;
  };

  std::vector<Decision> decisions;
  decisions.reserve(proposals.size());
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Outcome outcome = judge(proposals[i]);
    if (outcome == Outcome::kPicked) {
      used.insert(proposals[i].row);
      ++picks_of_keyword[proposals[i].keyword];
    }
    decisions.push_back({i, outcome});
  }
  return decisions;
}

std::string reason_of(Outcome outcome, const AssignmentOptions& options) {
  switch (outcome) {
    case Outcome::kUnsure:
      return "not specific enough";
    case Outcome::kServesAnother:
      return "serves another keyword already";
    case Outcome::kKeywordFull:
      return "the keyword has " +
             counted(std::min<std::size_t>(options.max_per_keyword, 3), "adapter") + " already";
    case Outcome::kPlanFull:
      return "the plan has " + counted(options.max_adapters, "adapter") + " already";
    case Outcome::kTooManyStyles:
      return counted(options.max_styles, "style adapter") + " already";
    case Outcome::kPicked:
      break;
  }
  return "";
}

}  // namespace stylus::composer
