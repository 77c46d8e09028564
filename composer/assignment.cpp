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

/// One is a style, the other is not, and they serve different words.
bool are_of_two_kinds(const Support& first, const Support& second) {
  const bool shares_a_word =
      std::any_of(second.words.begin(), second.words.end(),
                  [&](const std::string& word) { return first.words.count(word) != 0; });
  return first.is_style != second.is_style && !second.words.empty() && !shares_a_word;
}

}  // namespace

std::vector<Decision> assign(const std::vector<Proposal>& proposals,
                             const AssignmentOptions& options, const AlreadyInPlan& pinned,
                             const std::function<Support(const Proposal&)>& support_of) {
  const std::size_t per_keyword = std::min<std::size_t>(options.max_per_keyword, 3);
  std::set<catalog::AdapterRow> used = pinned.rows;
  std::size_t styles = pinned.styles;
  std::map<std::size_t, std::size_t> picks_of_keyword = pinned.picks_of_keyword;
  std::map<std::size_t, Support> only_pick;  // of keywords with one pick, made here

  const auto may_join = [&](std::size_t keyword, const Support& support) {
    const auto first = only_pick.find(keyword);
    return per_keyword == 1 && first != only_pick.end() && picks_of_keyword[keyword] == 1 &&
           are_of_two_kinds(first->second, support);
  };
  const auto judge = [&](const Proposal& proposal) {
    if (used.count(proposal.row) != 0) {
      return Outcome::kServesAnother;
    }
    if (!proposal.sure_enough) {
      return Outcome::kUnsure;
    }
    const bool is_full = picks_of_keyword[proposal.keyword] >= per_keyword;
    if (is_full && per_keyword != 1) {
      return Outcome::kKeywordFull;
    }
    if (used.size() >= options.max_adapters) {
      return is_full ? Outcome::kKeywordFull : Outcome::kPlanFull;
    }
    Support support = support_of(proposal);
    if (is_full && !may_join(proposal.keyword, support)) {
      return Outcome::kKeywordFull;
    }
    if (!support.is_enough) {
      return Outcome::kUnsure;
    }
    if (support.is_style && styles >= options.max_styles) {
      return Outcome::kTooManyStyles;
    }
    styles += support.is_style ? 1 : 0;
    only_pick.emplace(proposal.keyword, std::move(support));
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
