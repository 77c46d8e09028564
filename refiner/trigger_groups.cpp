#include "refiner/trigger_groups.h"

#include <algorithm>
#include <set>

#include "catalog/words.h"
#include "refiner/phrase_lists.h"
#include "refiner/sentences.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kMostGroups = 64;
constexpr std::size_t kMostPhrases = 40;
constexpr std::size_t kLongestPhrase = 120;  // bytes
constexpr std::size_t kManyChoices = 12;

using Group = catalog::TriggerGroup;
using Phrases = std::vector<std::string>;

/// "red_jacket" and "Red jacket" are one phrase.
std::string key_of(std::string_view phrase) {
  std::string key = to_lower(phrase);
  std::replace(key.begin(), key.end(), '_', ' ');
  std::erase(key, '\\');
  return collapse_blanks(key);
}

std::set<std::string> keys_of(const Phrases& phrases) {
  std::set<std::string> keys;
  for (const std::string& phrase : phrases) {
    keys.insert(key_of(phrase));
  }
  return keys;
}

/// Remarks that people write where the words should stand.
bool is_remark(const std::string& phrase) {
  static const catalog::PhraseList kRemarks = {"description",
                                               "trigger word",
                                               "trigger words",
                                               "triggerword",
                                               "triggerwords",
                                               "keyword",
                                               "keywords",
                                               "none",
                                               "n a",
                                               "no trigger",
                                               "not needed",
                                               "not required",
                                               "see below",
                                               "optional",
                                               "lora",
                                               "character series",
                                               "check the prompts",
                                               "no need",
                                               "see examples",
                                               "see example",
                                               "about this version",
                                               "no activation",
                                               "详情",
                                               "无触发词",
                                               "weight",
                                               "权重"};
  const std::vector<std::string> words = catalog::words_of(phrase, 16);
  return words.empty() || kRemarks.matches(words);
}

bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789.,-~ ") == text.npos;
}

bool says(const catalog::PhraseList& list, std::string_view text) {
  return list.matches(catalog::words_of(text, 40));
}

bool is_example_or_negative(std::string_view text) {
  static const catalog::PhraseList kWords = {
      "example",    "examples", "sample", "samples", "test",   "negative", "negatives",
      "embedding",  "such as",  "like",   "avoid",   "remove", "models",   "model",
      "checkpoint", "reverse",  "反向",   "负面",    "sampler"};
  return says(kWords, text);
}

bool has_quality_words(const Phrases& phrases) {
  static const std::set<std::string, std::less<>> kQuality = {
      "masterpiece", "best quality", "high quality",   "absurdres",       "highres",
      "8k",          "high details", "ultra-detailed", "highly detailed", "worst quality",
      "low quality", "easynegative", "lowres",         "bad anatomy",     "4k",
      "hdr"};
  return std::any_of(phrases.begin(), phrases.end(), [](const std::string& phrase) {
    return kQuality.count(to_lower(phrase)) != 0;
  });
}

/// The card's entries: lists as they stand, and single words.
struct Entries {
  std::vector<Phrases> lists;
  Phrases singles;
  std::vector<Group> in_order;
};

/// Separators of all kinds as commas.
std::string with_commas(std::string_view entry) {
  std::string line;
  for (std::size_t i = 0; i < entry.size();) {
    std::size_t length = 0;
    for (const std::string_view mark : {"，", "、", "；", "\n", ";"}) {
      length = entry.substr(i, mark.size()) == mark ? mark.size() : length;
    }
    line += length > 0 ? ',' : entry[i];
    i += std::max<std::size_t>(length, 1);
  }
  return line;
}

Entries read_entries(const std::vector<std::string>& triggers) {
  Entries entries;
  std::set<std::set<std::string>> seen;
  for (const std::string& entry : triggers) {
    const std::string line = with_commas(entry);
    Phrases phrases;
    std::set<std::string> keys;
    for (const std::string& piece : split_list(without_decoration(line), ',')) {
      std::string phrase = clean_phrase(piece);
      if (!phrase.empty() && phrases.size() < kMostPhrases && keys.insert(key_of(phrase)).second) {
        phrases.push_back(std::move(phrase));
      }
    }
    if (phrases.empty() || !seen.insert(keys).second || entries.in_order.size() >= kMostGroups) {
      continue;
    }
    (phrases.size() > 1 ? entries.lists.push_back(phrases)
                        : entries.singles.push_back(phrases.front()));
    entries.in_order.push_back({"", std::move(phrases)});
  }
  return entries;
}

bool contains_all(const std::set<std::string>& keys, const Phrases& phrases) {
  return std::all_of(phrases.begin(), phrases.end(),
                     [&](const std::string& phrase) { return keys.count(key_of(phrase)) != 0; });
}

/// A line that stands over a list: "Keywords", "For the red coat:".
bool is_heading(std::string_view line) {
  return line.ends_with(':') || catalog::words_of(line, 7).size() < 7;
}

std::string last_words(std::string_view text) {
  const std::size_t from = text.size() > 40 ? text.find(' ', text.size() - 40) : 0;
  return std::string(text.substr(std::min(from, text.size())));
}

/// "prompt" alone announces whole prompts, too.
bool says_trigger_strictly(std::string_view label) {
  static const catalog::PhraseList kPrompt = {"prompt", "prompts", "prompting"};
  return says_trigger(label) && !says(kPrompt, label);
}

/// Whether a list of the text is a group of triggers (trigger_groups.h says when).
bool is_group(const PhraseList& list, const Entries& entries) {
  const bool announced = list.label.empty() && is_heading(list.announced_by);
  if (is_example_or_negative(list.quoted ? last_words(list.label) : list.label) ||
      (announced && is_example_or_negative(list.announced_by)) || has_quality_words(list.phrases)) {
    return false;
  }
  const std::set<std::string> keys = keys_of(list.phrases);
  const bool outfit = says_outfit(list.label) ||
                      (list.label.empty() && says_outfit(list.announced_by)) ||
                      (list.quoted && says_outfit(list.announced_by));
  const bool trigger = says_trigger(list.label) ||
                       ((list.label.empty() || list.quoted) && says_trigger(list.announced_by));
  if (list.phrases.size() == 1) {
    return trigger && entries.in_order.empty() && says_trigger_strictly(list.label);
  }
  const bool holds_list = std::any_of(entries.lists.begin(), entries.lists.end(),
                                      [&](const Phrases& own) { return contains_all(keys, own); });
  if (holds_list && !outfit) {
    return false;  // The entry itself is what its author wants typed.
  }
  const bool holds_single =
      std::any_of(entries.singles.begin(), entries.singles.end(),
                  [&](const std::string& single) { return keys.count(key_of(single)) != 0; });
  return holds_single || outfit || trigger;
}

/// Lists of choices become groups of one phrase each.
void add_group(const PhraseList& list, const IsCommonPhrase& is_common,
               std::vector<Group>& groups) {
  const bool choices = list.phrases.size() >= kManyChoices &&
                       std::none_of(list.phrases.begin(), list.phrases.end(), is_common);
  if (!choices) {
    groups.push_back({list.label, list.phrases});
    return;
  }
  for (const std::string& phrase : list.phrases) {
    groups.push_back({list.label, {phrase}});
  }
}

}  // namespace

std::string clean_phrase(std::string_view raw) {
  std::string phrase = without_decoration(raw);
  const auto strip = [&phrase](std::string_view marks) {
    const std::size_t from = phrase.find_first_not_of(marks);
    phrase.erase(0, std::min(from, phrase.size()));
  };
  bool changed = true;
  while (changed && !phrase.empty()) {
    const std::string before = phrase;
    strip(" \"'*");
    while (!phrase.empty() &&
           std::string_view(" \"'.*;!").find(phrase.back()) != std::string::npos) {
      phrase.pop_back();
    }
    const bool round = phrase.size() > 1 && phrase.front() == '(' && phrase.back() == ')';
    const bool curly = phrase.size() > 1 && ((phrase.front() == '{' && phrase.back() == '}') ||
                                             (phrase.front() == '[' && phrase.back() == ']'));
    const std::string inner =
        phrase.size() > 1 ? phrase.substr(1, phrase.size() - 2) : std::string();
    if ((round && inner.find(')') == inner.npos) || (round && inner.front() == '(') || curly) {
      phrase = inner;
      // "(cat tail:0.8)"
      const std::size_t colon = phrase.rfind(':');
      if (round && colon != phrase.npos && is_number(std::string_view(phrase).substr(colon + 1))) {
        phrase.erase(colon);
      }
    }
    changed = phrase != before;
  }
  if (phrase.size() > kLongestPhrase || is_number(phrase) || is_remark(phrase)) {
    return "";
  }
  return phrase;
}

std::vector<Group> trigger_groups(const std::vector<std::string>& triggers,
                                  const std::vector<std::string_view>& texts,
                                  const IsCommonPhrase& is_common) {
  const Entries entries = read_entries(triggers);
  std::vector<PhraseList> lists;
  for (const std::string_view text : texts) {
    std::vector<PhraseList> more = phrase_lists(text);
    lists.insert(lists.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }
  std::vector<Group> found;
  std::vector<std::set<std::string>> keys;
  for (const PhraseList& list : lists) {
    if (!is_group(list, entries)) {
      continue;
    }
    std::vector<Group> groups;
    add_group(list, is_common, groups);
    for (Group& group : groups) {
      std::set<std::string> own = keys_of(group.phrases);
      if (std::find(keys.begin(), keys.end(), own) == keys.end()) {
        keys.push_back(std::move(own));
        found.push_back(std::move(group));
      }
    }
  }
  std::vector<Group> groups;
  std::vector<bool> placed(found.size(), false);
  for (const Group& own : entries.in_order) {
    bool taken = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const bool same = keys_of(own.phrases) == keys[i];
      const bool inside = !same && contains_all(keys[i], own.phrases);
      if (same || inside) {
        taken = true;
        if (!placed[i]) {
          placed[i] = true;
          groups.push_back(found[i]);
        }
      }
    }
    if (!taken) {
      groups.push_back(own);
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!placed[i]) {
      groups.push_back(found[i]);
    }
  }
  if (groups.size() > kMostGroups) {
    groups.resize(kMostGroups);
  }
  return groups;
}

}  // namespace stylus::refiner
