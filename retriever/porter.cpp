#include <array>
#include <span>
#include <string>
#include <string_view>

#include "retriever/terms.h"

namespace stylus::retriever {
namespace {

/// a, e, i, o, u are vowels, and y after a consonant; everything else is a consonant.
/// Every walk starts at the left end with after_consonant = false.
bool is_consonant(char letter, bool after_consonant) {
  switch (letter) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return false;
    case 'y':
      return !after_consonant;
    default:
      return true;
  }
}

/// Porter's m: how often a vowel run is followed by a consonant run.
int measure(std::string_view stem) {
  int count = 0;
  bool consonant = false;
  bool vowel_before = false;
  for (const char letter : stem) {
    consonant = is_consonant(letter, consonant);
    count += consonant && vowel_before ? 1 : 0;
    vowel_before = !consonant;
  }
  return count;
}

bool has_vowel(std::string_view stem) {
  bool consonant = false;
  for (const char letter : stem) {
    consonant = is_consonant(letter, consonant);
    if (!consonant) {
      return true;
    }
  }
  return false;
}

/// Whether each of the last three letters is a consonant.
std::array<bool, 3> last_consonants(std::string_view word) {
  std::array<bool, 3> last = {false, false, false};
  for (const char letter : word) {
    last = {last[1], last[2], is_consonant(letter, last[2])};
  }
  return last;
}

bool ends_in_double_consonant(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && last_consonants(word)[2];
}

/// Consonant, vowel, consonant at the end, the last not w, x or y: a short word such as "hop".
bool ends_in_short_syllable(std::string_view word) {
  const std::size_t n = word.size();
  if (n < 3) {
    return false;
  }
  const char last = word[n - 1];
  const std::array<bool, 3> consonants = last_consonants(word);
  return consonants[0] && !consonants[1] && consonants[2] && last != 'w' && last != 'x' &&
         last != 'y';
}

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

/// Applies the first rule whose suffix fits, if what is left has a measure above `minimum`.
void apply_first(std::string& word, std::span<const Rule> rules, int minimum) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) {
      continue;
    }
    const std::string_view stem =
        std::string_view(word).substr(0, word.size() - rule.suffix.size());
    if (measure(stem) > minimum) {
      word.erase(stem.size());
      word.append(rule.replacement);
    }
    return;
  }
}

void remove_plural(std::string& word) {
  if (word.ends_with("sses") || word.ends_with("ies")) {
    word.erase(word.size() - 2);
  } else if (word.ends_with('s') && !word.ends_with("ss")) {
    word.pop_back();
  }
}

void tidy_after_participle(std::string& word) {
  if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz")) {
    word += 'e';
  } else if (ends_in_double_consonant(word)) {
    const char last = word.back();
    if (last != 'l' && last != 's' && last != 'z') {
      word.pop_back();
    }
  } else if (measure(word) == 1 && ends_in_short_syllable(word)) {
    word += 'e';
  }
}

void remove_participle(std::string& word) {
  if (word.ends_with("eed")) {
    if (measure(std::string_view(word).substr(0, word.size() - 3)) > 0) {
      word.pop_back();
    }
    return;
  }
  const std::size_t cut = word.ends_with("ed") ? 2 : word.ends_with("ing") ? 3 : 0;
  if (cut > 0 && has_vowel(std::string_view(word).substr(0, word.size() - cut))) {
    word.erase(word.size() - cut);
    tidy_after_participle(word);
  }
}

void turn_final_y_to_i(std::string& word) {
  if (word.ends_with('y') && has_vowel(std::string_view(word).substr(0, word.size() - 1))) {
    word.back() = 'i';
  }
}

void shorten_double_suffix(std::string& word) {
  static constexpr std::array<Rule, 21> kRules = {
      {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
       {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
       {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
       {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
       {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
       {"logi", "log"}}};
  apply_first(word, kRules, 0);
}

void shorten_suffix(std::string& word) {
  static constexpr std::array<Rule, 7> kRules = {{{"icate", "ic"},
                                                  {"ative", ""},
                                                  {"alize", "al"},
                                                  {"iciti", "ic"},
                                                  {"ical", "ic"},
                                                  {"ful", ""},
                                                  {"ness", ""}}};
  apply_first(word, kRules, 0);
}

void remove_suffix(std::string& word) {
  static constexpr std::array<Rule, 18> kRules = {{{"al", ""},
                                                   {"ance", ""},
                                                   {"ence", ""},
                                                   {"er", ""},
                                                   {"ic", ""},
                                                   {"able", ""},
                                                   {"ible", ""},
                                                   {"ant", ""},
                                                   {"ement", ""},
                                                   {"ment", ""},
                                                   {"ent", ""},
                                                   {"ou", ""},
                                                   {"ism", ""},
                                                   {"ate", ""},
                                                   {"iti", ""},
                                                   {"ous", ""},
                                                   {"ive", ""},
                                                   {"ize", ""}}};
  if (word.ends_with("ion")) {
    const std::string_view stem = std::string_view(word).substr(0, word.size() - 3);
    if (!stem.empty() && (stem.back() == 's' || stem.back() == 't') && measure(stem) > 1) {
      word.erase(stem.size());
    }
    return;
  }
  apply_first(word, kRules, 1);
}

void remove_final_e(std::string& word) {
  if (!word.ends_with('e')) {
    return;
  }
  const std::string_view stem = std::string_view(word).substr(0, word.size() - 1);
  const int m = measure(stem);
  if (m > 1 || (m == 1 && !ends_in_short_syllable(stem))) {
    word.pop_back();
  }
}

}  // namespace

std::string porter_stem(std::string_view word) {
  std::string stem(word);
  if (stem.size() <= 2) {
    return stem;
  }
  remove_plural(stem);
  remove_participle(stem);
  turn_final_y_to_i(stem);
  shorten_double_suffix(stem);
  shorten_suffix(stem);
  remove_suffix(stem);
  remove_final_e(stem);
  if (stem.ends_with("ll") && measure(std::string_view(stem).substr(0, stem.size() - 1)) > 1) {
    stem.pop_back();
  }
  return stem;
}

}  // namespace stylus::retriever
