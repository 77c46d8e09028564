#include "refiner/prompt_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "catalog/words.h"
#include "refiner/trigger_groups.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kMostPrompts = 20;
constexpr std::size_t kMostPhrases = 200;  // of one prompt
constexpr std::size_t kPhraseWords = 4;
constexpr std::size_t kLongestPhrase = 60;  // bytes
constexpr std::size_t kLongestTag = 300;    // bytes

bool is_small_word(const std::string& word) {
  static const std::set<std::string, std::less<>> kSmall = {
      "a",    "an",   "the",  "of",  "in",    "on",   "at",    "to",   "with",  "and",  "or",
      "for",  "from", "by",   "is",  "are",   "be",   "it",    "its",  "this",  "that", "as",
      "into", "over", "very", "her", "his",   "she",  "he",    "they", "their", "has",  "have",
      "one",  "two",  "no",   "not", "break", "lora", "style", "up",   "down",  "out",  "off"};
  return word.size() < 2 || kSmall.count(word) != 0;
}

/// Marks of emphasis and numbers behind them are no words.
std::string plain(std::string_view piece) {
  std::string text;
  for (const char c : piece) {
    text += c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' || c == '\\' ||
                    c == '_' || c == '|'
                ? ' '
                : c;
  }
  const std::size_t colon = text.rfind(':');
  if (colon != text.npos &&
      std::string_view(text).substr(colon + 1).find_first_not_of("0123456789. ") == text.npos) {
    text.erase(colon);
  }
  return to_lower(collapse_blanks(text));
}

std::string without_tags(std::string_view prompt) {
  std::string text;
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    if (prompt[i] == '<') {
      const std::size_t length = prompt.substr(i, kLongestTag).find('>');
      if (length != prompt.npos) {
        i += length;
        text += ',';
        continue;
      }
    }
    text += prompt[i] == '\n' || prompt[i] == ';' ? ',' : prompt[i];
  }
  return text;
}

}  // namespace

std::vector<std::string> prompt_phrases(std::string_view prompt) {
  std::vector<std::string> phrases;
  std::set<std::string> seen;
  const auto take = [&](std::string phrase) {
    if (phrase.size() > 1 && phrase.size() <= kLongestPhrase && phrases.size() < kMostPhrases &&
        phrase.find_first_not_of("0123456789. -") != phrase.npos && seen.insert(phrase).second) {
      phrases.push_back(std::move(phrase));
    }
  };
  for (const std::string& piece : split_list(without_tags(prompt), ',')) {
    const std::string text = plain(piece);
    const std::vector<std::string> words = catalog::words_of(text, 80);
    if (words.size() <= kPhraseWords) {
      take(text);
      continue;
    }
    for (const std::string& word : words) {
      if (!is_small_word(word)) {
        take(word);
      }
    }
  }
  return phrases;
}

void PromptStatistics::add(const std::vector<std::string>& triggers,
                           const std::vector<std::string>& prompts) {
  std::set<std::string> phrases;
  for (std::size_t i = 0; i < std::min(kMostPrompts, prompts.size()); ++i) {
    for (std::string& phrase : prompt_phrases(prompts[i])) {
      phrases.insert(std::move(phrase));
    }
  }
  for (const std::string& trigger : triggers) {
    for (std::string& phrase : prompt_phrases(trigger)) {
      phrases.insert(std::move(phrase));
    }
  }
  ++adapters_;
  for (const std::string& phrase : phrases) {
    ++counts_[phrase];
  }
}

std::int64_t PromptStatistics::count(std::string_view phrase) const {
  const auto found = counts_.find(plain(phrase));
  return found == counts_.end() ? 0 : found->second;
}

bool PromptStatistics::is_common(std::string_view phrase) const {
  const std::int64_t n = count(phrase);
  return n >= 3 && 200 * n > adapters_;
}

std::vector<std::string> PromptStatistics::telling_phrases(const std::vector<std::string>& prompts,
                                                           std::size_t limit) const {
  const std::size_t n = std::min(kMostPrompts, prompts.size());
  std::map<std::string, std::int64_t> here;
  for (std::size_t i = 0; i < n; ++i) {
    for (const std::string& phrase : prompt_phrases(prompts[i])) {
      ++here[phrase];
    }
  }
  struct Scored {
    double score;
    std::string phrase;
  };
  std::vector<Scored> scored;
  for (const auto& [phrase, times] : here) {
    // A third of the prompts, and not one picture's own subject where there are several.
    if (3 * static_cast<std::size_t>(times) < n || (n > 2 && times < 2)) {
      continue;
    }
    const auto others = static_cast<double>(std::max<std::int64_t>(count(phrase) - 1, 0));
    const double rarity = std::log((static_cast<double>(adapters_) + 1) / (others + 1));
    const double share = static_cast<double>(times) / static_cast<double>(n);
    if (rarity > std::log(20.0) || adapters_ < 20) {
      scored.push_back({share * rarity, phrase});
    }
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const Scored& a, const Scored& b) { return a.score > b.score; });
  std::vector<std::string> phrases;
  for (std::size_t i = 0; i < std::min(limit, scored.size()); ++i) {
    phrases.push_back(std::move(scored[i].phrase));
  }
  return phrases;
}

}  // namespace stylus::refiner
