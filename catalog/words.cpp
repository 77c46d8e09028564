#include "catalog/words.h"

#include <algorithm>

#include "catalog/code_points.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

bool is_word_character(char32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  // General and CJK punctuation, full width signs, symbols and emoji part words.
  return !(c < 0xC0 || (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
           (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFF00 && c <= 0xFF0F) ||
           (c >= 0xFF1A && c <= 0xFF20) || c >= 0x1F000);
}

}  // namespace

std::vector<std::string> words_of(std::string_view text, std::size_t limit) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) {
      words.push_back(to_lower(word));
      word.clear();
    }
  };
  CodePoints reader(text);
  while (words.size() < limit && reader.next()) {
    if (is_word_character(reader.value())) {
      word += reader.bytes();
    } else {
      finish();
    }
  }
  if (words.size() < limit) {
    finish();
  }
  return words;
}

PhraseList::PhraseList(std::initializer_list<std::string_view> phrases) {
  std::for_each(phrases.begin(), phrases.end(), [this](std::string_view phrase) { add(phrase); });
}

PhraseList::PhraseList(std::string_view phrases) {
  for (const std::string& phrase : split_list(phrases, ',')) {
    add(collapse_blanks(phrase));
  }
}

void PhraseList::add(std::string_view phrase) {
  phrases_.emplace(phrase);
  longest_ = std::max(longest_,
                      static_cast<std::size_t>(1 + std::count(phrase.begin(), phrase.end(), ' ')));
}

bool PhraseList::matches(const std::vector<std::string>& words) const {
  for (std::size_t first = 0; first < words.size(); ++first) {
    std::string phrase;
    const std::size_t end = std::min(words.size(), first + longest_);
    for (std::size_t i = first; i < end; ++i) {
      phrase += phrase.empty() ? words[i] : " " + words[i];
      if (phrases_.find(phrase) != phrases_.end()) {
        return true;
      }
    }
  }
  return false;
}

bool PhraseList::contains(const std::vector<std::string>& words) const {
  return !words.empty() && words.size() <= longest_ &&
         phrases_.find(join(words, " ")) != phrases_.end();
}

}  // namespace stylus::catalog
