#include "composer/triggers.h"

#include <algorithm>
#include <optional>
#include <set>

#include "composer/prompt_text.h"
#include "retriever/terms.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kMaxPhrases = 3;
constexpr std::size_t kMaxWords = 6;
constexpr std::size_t kMaxEntries = 64;

using Stems = std::vector<std::string>;

Stems stems_of(std::string_view text) {
  Stems stems;
  for (retriever::Term& term : retriever::terms_of(text)) {
    stems.push_back(std::move(term.stem));
  }
  return stems;
}

bool holds(const Stems& text, const Stems& phrase) {
  return !phrase.empty() &&
         std::search(text.begin(), text.end(), phrase.begin(), phrase.end()) != text.end();
}

/// One entry of the card: its phrases, without the syntax that people leave in them.
std::vector<std::string> phrases_of(const std::string& entry) {
  const PromptText text = strip_syntax(entry);
  std::vector<std::string> phrases;
  for (const std::string& piece : split_list(text.text, ',')) {
    std::string phrase = collapse_blanks(piece);
    std::erase_if(phrase, [](char c) { return c == '(' || c == ')' || c == '{' || c == '}'; });
    if (!trim(phrase).empty()) {
      phrases.emplace_back(trim(phrase));
    }
  }
  return phrases;
}

/// What to insert for one entry; empty if nothing in it is specific and short.
std::vector<PlanTrigger> insertion(const std::vector<std::string>& phrases,
                                   const IsGeneric& is_generic) {
  std::vector<PlanTrigger> inserted;
  for (const std::string& phrase : phrases) {
    const std::size_t words = retriever::terms_of(phrase).size();
    if (inserted.size() < kMaxPhrases && words > 0 && words <= kMaxWords && !is_generic(phrase)) {
      inserted.push_back({phrase, true});
    }
  }
  return inserted;
}

}  // namespace

std::vector<PlanTrigger> choose_triggers(const std::vector<std::string>& triggers,
                                         std::string_view searchable, const IsGeneric& is_generic,
                                         bool may_insert) {
  const Stems prompt = stems_of(searchable);
  std::vector<std::vector<std::string>> entries;
  std::vector<PlanTrigger> there;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < std::min(triggers.size(), kMaxEntries); ++i) {
    entries.push_back(phrases_of(triggers[i]));
    for (const std::string& phrase : entries.back()) {
      if (there.size() < kMaxPhrases && !is_generic(phrase) && holds(prompt, stems_of(phrase)) &&
          seen.insert(to_lower(phrase)).second) {
        there.push_back({phrase, false});
      }
    }
  }
  if (!there.empty() || !may_insert) {
    return there;
  }
  for (const std::vector<std::string>& entry : entries) {
    if (std::vector<PlanTrigger> inserted = insertion(entry, is_generic); !inserted.empty()) {
      return inserted;
    }
  }
  return {};
}

std::string with_triggers(std::string_view prompt, const std::vector<PlanAdapter>& adapters) {
  std::string rendered(prompt);
  std::set<std::string> seen;
  for (const PlanAdapter& adapter : adapters) {
    for (const PlanTrigger& trigger : adapter.triggers) {
      if (!trigger.inserted || !seen.insert(to_lower(trigger.text)).second) {
        continue;
      }
      const std::string_view before = trim(rendered);
      const bool open = before.empty() || before.back() == ',';
      rendered = std::string(before) + (open ? (before.empty() ? "" : " ") : ", ") + trigger.text;
    }
  }
  return rendered;
}

}  // namespace stylus::composer
