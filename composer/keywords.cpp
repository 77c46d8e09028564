#include "composer/keywords.h"

#include <algorithm>
#include <set>

#include "composer/common_words.h"
#include "composer/function_words.h"
#include "composer/prompt_tokens.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kMaxWords = 8;
constexpr std::size_t kMaxKeywordBytes = 200;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Where a negation starts inside a word of Han characters or kana; npos if nowhere.
std::size_t negation_inside(std::string_view word) {
  for (const std::string_view negation : {"没有", "沒有", "不要", "无", "無"}) {
    if (const std::size_t at = word.find(negation); at != std::string_view::npos) {
      return at;
    }
  }
  return contains(word, "なし") ? 0 : std::string_view::npos;
}

/// Walks over the words once and sorts them into keywords and negations.
class Reader {
 public:
  Reader(std::string_view text, PromptReading& reading)
      : text_(text), tokens_(tokens_of(text)), reading_(reading) {
    // "sin" is Spanish for "without" but an English noun.
    spanish_ = std::any_of(tokens_.begin(), tokens_.end(), [](const Token& token) {
      return token.lower == "una" || token.lower == "un" || token.lower == "el" ||
             token.lower == "los" || token.lower == "las";
    });
  }

  void read() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.after_break) {
        flush();
        negated_ = false;
      }
      if (starts_negation(i)) {
        flush();
        start_negation(token.begin, token.end);
      } else if (!negated_ || !continue_negation(i)) {
        take(i);
      }
    }
    flush();
  }

 private:
  [[nodiscard]] std::string_view word(std::size_t i) const {
    return i < tokens_.size() ? std::string_view(tokens_[i].lower) : std::string_view();
  }

  [[nodiscard]] bool starts_negation(std::size_t i) const {
    const std::string_view w = word(i);
    const std::string_view following = word(i + 1);
    if (w == "not" && (following == "only" || following == "just")) {
      return false;
    }
    if (w == "no") {
      // After a content word it is a name's particle: "Zero no Tsukaima".
      const bool in_name = i > 0 && !tokens_[i].after_break && !is_function_word(word(i - 1));
      return !in_name || negated_;
    }
    if (w == "sin") {
      return spanish_;
    }
    if ((w == "free" || w == "devoid") && (following == "of" || following == "from")) {
      return !tokens_[i].after_hyphen;
    }
    if ((w == "instead" || w == "absence" || w == "lack") && following == "of") {
      return true;
    }
    return is_negation(w);
  }

  void start_negation(std::size_t begin, std::size_t end) {
    if (negated_) {
      reading_.negated.back().end = end;
      return;
    }
    negated_ = true;
    words_negated_ = 0;
    reading_.negated.push_back({begin, end});
  }

  /// False if the negation ends before this word.
  bool continue_negation(std::size_t i) {
    const std::string_view w = word(i);
    const bool starts_anew = (w == "and" || w == "or") && is_determiner(word(i + 1));
    if (words_negated_ > 0 && (ends_negation(w) || starts_anew)) {
      negated_ = false;
      return false;
    }
    if (!is_function_word(w)) {
      ++words_negated_;
    }
    reading_.negated.back().end = tokens_[i].end;
    return true;
  }

  void take(std::size_t i) {
    const Token& token = tokens_[i];
    if (token.lower == "free" && token.after_hyphen && !run_.empty()) {  // "cloud-free sky"
      const Token negated = run_.back();
      run_.pop_back();
      flush();
      reading_.negated.push_back({negated.begin, token.end});
      return;
    }
    if (is_function_word(token.lower)) {
      flush();
      return;
    }
    const std::string_view raw = text_.substr(token.begin, token.end - token.begin);
    if (const std::size_t at = negation_inside(raw); at != std::string_view::npos) {
      if (at > 0) {
        run_.push_back({token.begin, token.begin + at, "", false, false});
      }
      flush();
      reading_.negated.push_back({token.begin + at, token.end});
      return;
    }
    if (run_.size() == kMaxWords ||
        (!run_.empty() && token.end - run_.front().begin > kMaxKeywordBytes)) {
      flush();
    }
    run_.push_back(token);
  }

  void flush() {
    if (run_.empty()) {
      return;
    }
    KeywordSpan keyword;
    keyword.begin = run_.front().begin;
    keyword.end = run_.back().end;
    run_.clear();
    std::string query = to_lower(text_.substr(keyword.begin, keyword.end - keyword.begin));
    std::replace(query.begin(), query.end(), '_', ' ');
    keyword.query = collapse_blanks(query);
    keyword.common = only_common_words(keyword.query);
    if (!seen_.insert(keyword.query).second) {
      return;
    }
    if (reading_.keywords.size() == kMaxKeywords) {
      reading_.shortened = true;
      return;
    }
    reading_.keywords.push_back(std::move(keyword));
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  PromptReading& reading_;
  bool spanish_ = false;
  std::vector<Token> run_;  ///< Words of the keyword that is growing.
  bool negated_ = false;
  std::size_t words_negated_ = 0;
  std::set<std::string> seen_;
};

/// The prompt as it is looked up: negated words and underscores are blanks, ASCII lower case.
std::string searchable_text(std::string text, const std::vector<Span>& negated) {
  for (const Span& span : negated) {
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(span.begin),
              text.begin() + static_cast<std::ptrdiff_t>(span.end), ' ');
  }
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    } else if (c == '_') {
      c = ' ';
    }
  }
  return text;
}

}  // namespace

PromptReading read_prompt(std::string_view prompt) {
  PromptText stripped = strip_syntax(prompt);
  PromptReading reading;
  reading.lora_tags = std::move(stripped.lora_tags);
  reading.end = stripped.end;
  Reader(stripped.text, reading).read();
  reading.searchable = searchable_text(std::move(stripped.text), reading.negated);
  return reading;
}

}  // namespace stylus::composer
