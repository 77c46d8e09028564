#include "generator/prompt_grammar.h"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "support/error.h"
#include "support/text.h"

namespace stylus::generator {
namespace {

constexpr std::size_t kMaxOpenBrackets = 100;
constexpr double kMaxWeight = 10'000.0;
constexpr double kBracketFactor = 1.1;
constexpr std::string_view kStructure = "\\()[]:";
constexpr std::string_view kBlanks = " \t\n\r\f\v";

bool is_word_character(utf8proc_int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return c == '_';
  }
}

bool starts_with_word_character(std::string_view text) {
  utf8proc_int32_t c = -1;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &c);
  return length > 0 && is_word_character(c);
}

bool ends_with_word_character(std::string_view text) {
  std::size_t start = text.size();
  while (start > 0 && (static_cast<unsigned char>(text[start - 1]) & 0xC0U) == 0x80U) {
    --start;
  }
  return start > 0 && starts_with_word_character(text.substr(start - 1));
}

/// Where `word` stands by itself in `text`, from `from` on.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (!ends_with_word_character(text.substr(0, at)) &&
        !starts_with_word_character(text.substr(at + word.size()))) {
      return at;
    }
  }
  return std::string_view::npos;
}

/// All of `text` as a number, blanks around it allowed. `simple`: digits and dots only, no
/// exponent.
std::optional<double> number_of(std::string_view text, bool simple) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') {
      return std::nullopt;
    }
  }
  if (text.find_first_not_of(simple ? "+-.0123456789" : "+-.0123456789eE") !=
      std::string_view::npos) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number ? std::optional<double>(value) : std::nullopt;
}

/// Takes tags of extra networks out of `text`; tells of the first few.
std::string without_tags(const std::string& text, std::vector<std::string>& warnings) {
  constexpr std::size_t kMaxTold = 5;
  std::string rest;
  std::string_view left = text;
  std::size_t removed = 0;
  while (!left.empty()) {
    const std::size_t open = std::min(left.find('<'), left.size());
    rest += left.substr(0, open);
    left.remove_prefix(open);
    const std::size_t close = left.find('>');
    const bool is_tag = close != std::string_view::npos &&
                        (left.substr(0, 6) == "<lora:" || left.substr(0, 6) == "<lyco:" ||
                         left.substr(0, 10) == "<hypernet:");
    if (!is_tag) {
      rest += left.substr(0, 1);
      left.remove_prefix(std::min<std::size_t>(1, left.size()));
      continue;
    }
    if (++removed <= kMaxTold) {
      warnings.push_back("removed '" + std::string(truncate_utf8(left.substr(0, close + 1), 100)) +
                         "' from the prompt: adapters are part of the plan");
    }
    left.remove_prefix(close + 1);
  }
  if (removed > kMaxTold) {
    warnings.push_back("removed " + std::to_string(removed - kMaxTold) + " more such tags");
  }
  return rest;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  std::vector<PromptPiece> parse() {
    while (at_ < source_.size()) {
      take();
    }
    for (const Bracket& bracket : open_) {
      multiply(bracket.first_piece, bracket.kind == '(' ? kBracketFactor : 1.0 / kBracketFactor);
    }
    return merged();
  }

 private:
  struct Bracket {
    char kind;
    std::size_t first_piece;  // the first one inside
    std::size_t begin;        // of the bracket in the source
    bool has_bar = false;
    std::size_t last_colon = std::string_view::npos;
  };

  void take() {
    const char c = source_[at_];
    switch (c) {
      case '\\':
        take_escape();
        return;
      case '(':
      case '[':
        require(open_.size() < kMaxOpenBrackets, ErrorCode::kInvalidArgument,
                "the prompt has more than ", kMaxOpenBrackets, " brackets open at once");
        open_.push_back({c, pieces_.size(), at_});
        ++at_;
        return;
      case ')':
      case ']':
        take_closing(c);
        return;
      case ':':
        take_colon();
        return;
      default:
        take_text();
    }
  }

  void take_escape() {
    constexpr std::string_view kEscapable = "\\()[]|";
    ++at_;
    if (at_ < source_.size() && kEscapable.find(source_[at_]) != std::string_view::npos) {
      add_text(source_.substr(at_, 1));
      ++at_;
    }
  }

  void take_text() {
    const std::size_t end = std::min(source_.find_first_of(kStructure, at_), source_.size());
    std::string_view text = source_.substr(at_, end - at_);
    at_ = end;
    if (!open_.empty() && text.find('|') != std::string_view::npos) {
      open_.back().has_bar = true;
    }
    constexpr std::string_view kBreak = "BREAK";
    for (std::size_t found = find_word(text, kBreak); found != std::string_view::npos;
         found = find_word(text, kBreak)) {
      const std::size_t before = text.substr(0, found).find_last_not_of(kBlanks);
      add_text(text.substr(0, before == std::string_view::npos ? 0 : before + 1));
      pieces_.push_back({PromptPiece::Kind::kBreak, "", 1.0});
      text.remove_prefix(found + kBreak.size());
      text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    }
    add_text(text);
  }

  /// ":1.3)" closes a round bracket; any other colon is text.
  void take_colon() {
    const std::size_t close = source_.find_first_of(kStructure, at_ + 1);
    if (close != std::string_view::npos && source_[close] == ')' && last_open('(')) {
      if (const auto weight = number_of(source_.substr(at_ + 1, close - at_ - 1), true)) {
        multiply(pop('(').first_piece, *weight);
        at_ = close + 1;
        return;
      }
    }
    if (!open_.empty()) {
      open_.back().last_colon = at_;
    }
    add_text(source_.substr(at_, 1));
    ++at_;
  }

  void take_closing(char c) {
    const char opening = c == ')' ? '(' : '[';
    if (!last_open(opening)) {
      add_text(source_.substr(at_, 1));
      ++at_;
      return;
    }
    const Bracket bracket = pop(opening);
    if (opening == '[') {
      refuse_unsupported(bracket);
    }
    multiply(bracket.first_piece, opening == '(' ? kBracketFactor : 1.0 / kBracketFactor);
    ++at_;
  }

  void refuse_unsupported(const Bracket& bracket) const {
    const std::string shown(
        truncate_utf8(source_.substr(bracket.begin, at_ + 1 - bracket.begin), 80));
    require(!bracket.has_bar, ErrorCode::kUnsupported, "'", shown,
            "' alternates between prompts, which the native generator does not do; choose one, or "
            "write \\| for the bar");
    const bool is_schedule =
        bracket.last_colon != std::string_view::npos &&
        number_of(source_.substr(bracket.last_colon + 1, at_ - bracket.last_colon - 1), false);
    require(!is_schedule, ErrorCode::kUnsupported, "'", shown,
            "' changes the prompt during the run ([from:to:when]), which the native generator does "
            "not do; write one prompt, or \\[ and \\] for the brackets");
  }

  [[nodiscard]] bool last_open(char kind) const {
    return std::any_of(open_.begin(), open_.end(),
                       [kind](const Bracket& b) { return b.kind == kind; });
  }

  /// The innermost open bracket of that kind; the other kind may stay open inside it.
  Bracket pop(char kind) {
    const auto found = std::find_if(open_.rbegin(), open_.rend(),
                                    [kind](const Bracket& b) { return b.kind == kind; });
    const Bracket bracket = *found;
    open_.erase(std::next(found).base());
    return bracket;
  }

  void add_text(std::string_view text) {
    if (!text.empty()) {
      pieces_.push_back({PromptPiece::Kind::kText, std::string(text), 1.0});
    }
  }

  void multiply(std::size_t first, double factor) {
    for (std::size_t i = first; i < pieces_.size(); ++i) {
      if (pieces_[i].kind == PromptPiece::Kind::kText) {
        pieces_[i].weight *= factor;
      }
    }
  }

  [[nodiscard]] std::vector<PromptPiece> merged() {
    std::vector<PromptPiece> out;
    for (PromptPiece& piece : pieces_) {
      require(std::abs(piece.weight) <= kMaxWeight, ErrorCode::kInvalidArgument, "'",
              truncate_utf8(piece.text, 40), "' has the emphasis ", piece.weight,
              ", expected within +-", kMaxWeight);
      const bool joins = !out.empty() && piece.kind == PromptPiece::Kind::kText &&
                         out.back().kind == PromptPiece::Kind::kText &&
                         out.back().weight == piece.weight;
      if (joins) {
        out.back().text += piece.text;
      } else {
        out.push_back(std::move(piece));
      }
    }
    return out;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<PromptPiece> pieces_;
  std::vector<Bracket> open_;
};

}  // namespace

ParsedPrompt parse_prompt(std::string_view prompt) {
  require(prompt.size() <= kMaxPromptBytes, ErrorCode::kInvalidArgument, "the prompt has ",
          prompt.size(), " bytes, at most ", kMaxPromptBytes, " are read");
  ParsedPrompt parsed;
  const std::string text = without_tags(repair_utf8(prompt), parsed.warnings);
  require(find_word(text, "AND") == std::string_view::npos, ErrorCode::kUnsupported,
          "the word AND in capitals combines several prompts, which the native generator does not "
          "do; write 'and', or one prompt");
  parsed.pieces = Parser(text).parse();
  return parsed;
}

}  // namespace stylus::generator
