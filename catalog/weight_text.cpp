#include "catalog/weight_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "catalog/civitai.h"
#include "catalog/code_points.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::size_t kTextLimit = std::size_t{64} << 10U;
constexpr std::size_t kReachAfter = 48;   ///< Bytes between the word and its number.
constexpr std::size_t kReachBefore = 24;  ///< The same where the number comes first.
constexpr std::size_t kContext = 40;      ///< Bytes around in which other words count.

/// "0.6~0.8" is a range, "~0.7" only says about.
void resolve_tildes(std::string& text) {
  char before = ' ';
  for (char& c : text) {
    if (c == '~') {
      c = before >= '0' && before <= '9' ? '-' : ' ';
    }
    before = c == ' ' ? before : c;
  }
}

/// Lower case, full width forms as ASCII, dashes and tildes of all scripts as '-', and blanks
/// inside decimals ("0. 8") closed, so that the rules below see one spelling.
std::string plain_form(std::string_view text) {
  std::string out;
  CodePoints reader(text);
  while (reader.next()) {
    const char32_t c = reader.value();
    if (c >= 0xFF01 && c <= 0xFF5E) {
      out += static_cast<char>(c - 0xFF01 + 0x21);
    } else if (c == U'～' || c == U'〜') {
      out += '~';
    } else if (c == U'–' || c == U'—' || c == U'−' || c == U'‐') {
      out += '-';
    } else if (c == 0x3000 || c == 0xA0) {
      out += ' ';
    } else if (c == U'。') {
      out += ". ";
    } else if (c == U'、') {
      out += ',';
    } else {
      out += reader.bytes();
    }
  }
  out = to_lower(out);
  resolve_tildes(out);
  const auto digit = [&out](std::size_t i) {
    return i < out.size() && out[i] >= '0' && out[i] <= '9';
  };
  for (std::size_t i = 0; i + 3 < out.size(); ++i) {
    const bool decimal = (out[i] == '0' || out[i] == '1') && out[i + 1] == '.' &&
                         out[i + 2] == ' ' && digit(i + 3) && !(i > 0 && digit(i - 1));
    if (decimal && (i + 4 >= out.size() || !digit(i + 4) || digit(i + 3))) {
      out.erase(i + 2, 1);
    }
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// A number or a range in the text.
struct Number {
  std::size_t begin = 0;
  std::size_t end = 0;
  double low = 0;
  double high = 0;
  bool range = false;
};

/// Reads "0.8" at `at`; end 0 if there is none.
std::size_t read_number(std::string_view text, std::size_t at, double& value) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]) && end - at < 8) {
    ++end;
  }
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    ++end;
    while (end < text.size() && is_digit(text[end]) && end - at < 12) {
      ++end;
    }
  }
  if (end == at || std::from_chars(text.data() + at, text.data() + end, value).ec != std::errc()) {
    return 0;
  }
  return end;
}

/// Length of what joins the two ends of a range at `at`: "-", " to ", "and", "到"; 0 if nothing.
std::size_t joint_at(std::string_view text, std::size_t at) {
  std::size_t i = at;
  const auto skip_blanks = [&] {
    for (int blanks = 0; i < text.size() && text[i] == ' ' && blanks < 4; ++blanks) {
      ++i;
    }
  };
  skip_blanks();
  static constexpr std::array<std::string_view, 12> kJoints = {
      "--", "-", "up to", "to", "and", "or", "/", "到", "至", "から", "..", "<"};
  for (const std::string_view joint : kJoints) {
    if (text.substr(i, joint.size()) == joint) {
      i += joint.size();
      skip_blanks();
      return i - at;
    }
  }
  return 0;
}

/// Letters that touch a number make it a version, a size or a step count.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0) {
    const char before = text[begin - 1];
    if (is_letter(before) || is_digit(before) || before == '.' || before == '#' || before == '+') {
      return false;
    }
  }
  if (end < text.size()) {
    const char after = text[end];
    const bool word_after = text.substr(end, 6) == "weight" || text.substr(end, 8) == "strength";
    if ((is_letter(after) && !word_after) || after == '%' || after == '*') {
      return false;
    }
  }
  return true;
}

std::vector<Number> numbers_in(std::string_view text) {
  std::vector<Number> numbers;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) {
      continue;
    }
    Number number{i, 0, 0, 0, false};
    number.end = read_number(text, i, number.low);
    if (number.end == 0) {
      continue;
    }
    const bool negative =
        i > 0 && text[i - 1] == '-' && (i < 2 || text[i - 2] == ' ' || text[i - 2] == ':');
    number.low = negative ? -number.low : number.low;
    number.high = number.low;
    const std::size_t first_end = number.end;
    if (const std::size_t joint = joint_at(text, number.end); joint != 0) {
      const std::size_t second = number.end + joint;
      if (const std::size_t end = read_number(text, second, number.high); end != 0) {
        number.end = end;
        number.range = true;
      }
    }
    // "-0.8-1.0" is a tilde that became a dash; "-0.5 - 1.5" really begins below zero, and its
    // middle is the sane advice either way.
    if (number.range && negative &&
        text.substr(number.begin, number.end - number.begin).find(' ') == text.npos) {
      number.low = -number.low;
    }
    const bool alone = stands_alone(text, number.begin, number.end);
    if (alone && is_plausible_weight(number.high) &&
        is_plausible_weight((number.low + number.high) / 2) &&
        (is_plausible_weight(number.low) || (number.range && number.low == 0))) {
      numbers.push_back(number);
    } else if (number.range && stands_alone(text, number.begin, first_end) &&
               is_plausible_weight(number.low)) {
      number.end = first_end;
      number.high = number.low;
      number.range = false;
      numbers.push_back(number);
    }
    i = std::max(i, number.end > 0 ? number.end - 1 : i);
  }
  return numbers;
}

template <std::size_t kSize>
bool holds_any(std::string_view text, const std::array<std::string_view, kSize>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != text.npos; });
}

constexpr std::array<std::string_view, 17> kStrengthWords = {
    "weight", "strength", "权重",   "權重", "重み", "ウェイト", "ウエイト", "强度", "強度",
    "强さ",   "強さ",     "가중치", "강도", "比重", "pesos",    "peso",     "вес"};
constexpr std::array<std::string_view, 17> kOther = {
    "version ",  "denois", "noise",    "controlnet", "control weight", "cfg",   "guidance",
    "clip skip", "steps",  "learning", "rate",       "epoch",          "hires", "upscal",
    "ending",    "重绘",   "降噪"};
constexpr std::array<std::string_view, 11> kDrawback = {
    "down to",     "最高",      "甚至到", "拉到",   "default", "lower than",
    "higher than", "more than", "over ",  "above ", "below "};
constexpr std::array<std::string_view, 16> kAdvice = {
    "recommend", "suggest", "best", "optimal", "optimum", "ideal", "prefer",   "use at",
    "works",     "advise",  "good", "推荐",    "推薦",    "建议",  "おすすめ", "추천"};

struct Candidate {
  Number number;
  std::size_t begin = 0;
  std::size_t end = 0;
  int score = 0;
};

/// How well a number is tied to a word for strength; below 0 not at all.
int score_of(std::string_view text, std::size_t begin, std::size_t end, const Number& number) {
  const std::size_t from = begin > kContext ? begin - kContext : 0;
  const std::string_view around = text.substr(from, end + kContext - from);
  const std::string_view between = text.substr(begin, end - begin);
  if (holds_any(between, kOther)) {
    return -1;
  }
  const std::size_t line = text.substr(0, begin).rfind('\n');
  const std::size_t near_from = std::max(line == text.npos ? 0 : line, begin > 18 ? begin - 18 : 0);
  if (holds_any(text.substr(near_from, end - near_from), kOther)) {
    return -1;
  }
  int score = 4;
  score += holds_any(around, kAdvice) ? 2 : 0;
  score += number.range ? 1 : 0;
  // A dash before a number is more often a bullet or a tilde than a sign, and texts that offer a
  // negative strength offer a positive one too.
  score -= number.high < 0 ? 3 : 0;
  score -= holds_any(between, kDrawback) ? 3 : 0;
  return score;
}

bool breaks_sentence(std::string_view between) {
  return between.find(". ") != between.npos || between.find("\n\n") != between.npos ||
         std::count(between.begin(), between.end(), '\n') > 1;
}

std::vector<Candidate> candidates_in(std::string_view text, const std::vector<Number>& numbers) {
  std::vector<Candidate> candidates;
  for (const std::string_view word : kStrengthWords) {
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
      const bool inside = word[0] >= 'a' && word[0] <= 'z' && at > 0 && is_letter(text[at - 1]);
      if (inside) {
        continue;
      }
      const std::size_t word_end = at + word.size();
      const auto after = std::lower_bound(
          numbers.begin(), numbers.end(), word_end,
          [](const Number& number, std::size_t position) { return number.begin < position; });
      if (after != numbers.end() && after->begin - word_end <= kReachAfter &&
          !breaks_sentence(text.substr(word_end, after->begin - word_end))) {
        const int score = score_of(text, at, after->end, *after) -
                          (after->begin - word_end > kReachAfter / 2 ? 2 : 0);
        candidates.push_back({*after, at, after->end, score});
      }
      if (after != numbers.begin()) {
        const auto before = std::prev(after);
        if (before->end <= at && at - before->end <= kReachBefore &&
            !breaks_sentence(text.substr(before->end, at - before->end)) &&
            text.substr(before->end, at - before->end).find('\n') == text.npos) {
          const int distance = at - before->end <= 6 ? 1 : -1;
          candidates.push_back({*before, before->begin, word_end,
                                score_of(text, before->begin, word_end, *before) + distance});
        }
      }
    }
  }
  return candidates;
}

/// "Weight can go from 0.6 up to 1.1. I recommend 0.9": the advice stands in the next sentence.
void add_recommended(std::string_view text, const std::vector<Number>& numbers,
                     std::vector<Candidate>& candidates) {
  static constexpr std::array<std::string_view, 8> kPhrases = {
      "i recommend ", "recommended ", "i suggest ", "best at ",
      "i prefer ",    "推荐",         "推荐:",      "建议"};
  for (const Number& number : numbers) {
    const std::size_t from = number.begin > 90 ? number.begin - 90 : 0;
    std::string_view before = text.substr(from, number.begin - from);
    const bool of_strength = holds_any(before, kStrengthWords) && !holds_any(before, kOther);
    for (const std::string_view filler : {"around ", "about ", "using ", "at ", "is ", ": ", ":"}) {
      if (before.size() >= filler.size() &&
          before.substr(before.size() - filler.size()) == filler) {
        before.remove_suffix(filler.size());
      }
    }
    for (const std::string_view phrase : kPhrases) {
      if (of_strength && before.size() >= phrase.size() &&
          before.substr(before.size() - phrase.size()) == phrase) {
        candidates.push_back({number, number.begin - phrase.size(), number.end, 8});
      }
    }
  }
}

}  // namespace

std::optional<TextWeight> weight_from_text(std::string_view text) {
  const std::string plain = plain_form(truncate_utf8(text, kTextLimit));
  const std::vector<Number> numbers = numbers_in(plain);
  std::vector<Candidate> candidates = candidates_in(plain, numbers);
  add_recommended(plain, numbers, candidates);
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    const bool better = best == nullptr || candidate.score > best->score ||
                        (candidate.score == best->score && candidate.begin < best->begin);
    if (candidate.score > 0 && better) {
      best = &candidate;
    }
  }
  if (best == nullptr) {
    return std::nullopt;
  }
  TextWeight result;
  result.weight = std::round((best->number.low + best->number.high) / 2 * 1000) / 1000;
  result.low = std::min(best->number.low, best->number.high);
  result.high = std::max(best->number.low, best->number.high);
  result.evidence = collapse_blanks(plain.substr(best->begin, best->end - best->begin));
  return result.weight != 0 ? std::optional(result) : std::nullopt;
}

std::vector<double> weights_in_prompts(const std::vector<std::string>& prompts,
                                       const std::vector<std::string>& stems) {
  std::vector<double> weights;
  constexpr std::string_view kOpening = "<lora:";
  for (const std::string& prompt : prompts) {
    for (std::size_t at = prompt.find(kOpening); at != prompt.npos;
         at = prompt.find(kOpening, at + 1)) {
      const std::string_view rest = std::string_view(prompt).substr(at + kOpening.size(), 300);
      const std::size_t colon = rest.find(':');
      const std::size_t close = rest.find('>');
      if (colon == rest.npos || close == rest.npos || close < colon) {
        continue;
      }
      const std::string_view name = trim(rest.substr(0, colon));
      const bool own = std::any_of(stems.begin(), stems.end(), [&](const std::string& stem) {
        return equals_ignoring_case(stem, name);
      });
      const std::string_view number = trim(rest.substr(colon + 1, close - colon - 1));
      double weight = 0;
      const auto parsed = std::from_chars(number.data(), number.data() + number.size(), weight);
      if (own && parsed.ec == std::errc() && is_plausible_weight(weight)) {
        weights.push_back(weight);
      }
    }
  }
  return weights;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace stylus::catalog
