#include "refiner/sentences.h"

#include <algorithm>
#include <array>

#include "catalog/code_points.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// True if a sentence ends after the mark at `i`: "Use it. Then" does, "0. 8", "v1.5", "e.g. a" and
/// "etc. for" do not.
bool ends_sentence(std::string_view line, std::size_t i) {
  const char mark = line[i];
  if (mark != '.' && mark != '!' && mark != '?' && mark != ';') {
    return false;
  }
  std::size_t next = i + 1;
  if (next >= line.size() || (line[next] != ' ' && line[next] != '"' && line[next] != ')')) {
    return false;
  }
  while (next < line.size() && line[next] == ' ') {
    ++next;
  }
  if (next >= line.size() || mark != '.') {
    return next < line.size();
  }
  const bool after_digit = i > 0 && is_digit(line[i - 1]);
  return !is_lower(line[next]) && !(after_digit && is_digit(line[next]));
}

/// Ends of sentences in scripts without blanks.
std::size_t wide_mark(std::string_view line, std::size_t i) {
  static constexpr std::array<std::string_view, 4> kMarks = {"。", "！", "？", "；"};
  for (const std::string_view mark : kMarks) {
    if (line.substr(i, mark.size()) == mark) {
      return mark.size();
    }
  }
  return 0;
}

bool is_emoji_or_symbol(char32_t c) {
  return (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x1F000 && c <= 0x1FAFF) || c == 0x200B ||
         c == 0x200C || c == 0x200D || c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F) ||
         (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xE0000 && c <= 0xE01EF) || c == 0x2022 ||
         c == 0x20E3 || (c >= 0xAC0 && c <= 0xAFF) || (c >= 0x1D00 && c <= 0x1DBF);
}

/// Length of a link or a tag that begins at `i`, else 0.
std::size_t link_or_tag(std::string_view line, std::size_t i) {
  const std::string_view rest = line.substr(i);
  if (rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.")) {
    return std::min(rest.find_first_of(" \t<>\"'"), rest.size());
  }
  if (rest.front() == '<') {
    const std::size_t close = rest.substr(0, 200).find('>');
    const bool tag = close != rest.npos && rest.substr(0, close).find(':') != rest.npos;
    return tag ? close + 1 : 0;
  }
  return 0;
}

bool is_decoration(char c) {
  return c == '*' || c == '=' || c == '#' || c == '~' || c == '-' || c == '_' || c == '.' ||
         c == '+' || c == '>' || c == '<' || c == '|' || c == '!' || c == '?';
}

struct Language {
  const char* code;
  std::array<std::string_view, 12> words;
};

constexpr std::array<Language, 6> kLatin = {{
    {"en", {"the", "and", "of", "to", "is", "this", "with", "for", "you", "it", "in", "use"}},
    {"es", {"el", "los", "las", "una", "que", "para", "con", "por", "del", "es", "su", "pero"}},
    {"pt", {"o", "os", "uma", "que", "para", "com", "por", "do", "da", "em", "não", "você"}},
    {"fr", {"le", "les", "une", "des", "que", "pour", "avec", "est", "du", "et", "sur", "vous"}},
    {"de", {"der", "die", "das", "und", "ist", "mit", "für", "nicht", "ein", "eine", "sie", "zu"}},
    {"it", {"il", "gli", "una", "che", "per", "con", "del", "è", "della", "non", "di", "sono"}},
}};

struct Letters {
  std::size_t latin = 0, han = 0, kana = 0, hangul = 0, cyrillic = 0;
};

Letters count_letters(std::string_view text) {
  Letters letters;
  catalog::CodePoints reader(text);
  while (reader.next()) {
    const char32_t c = reader.value();
    letters.latin += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7)
                         ? 1
                         : 0;
    letters.han += c >= 0x4E00 && c <= 0x9FFF ? 1 : 0;
    letters.kana += c >= 0x3041 && c <= 0x30FF ? 1 : 0;
    letters.hangul += c >= 0xAC00 && c <= 0xD7A3 ? 1 : 0;
    letters.cyrillic += c >= 0x400 && c <= 0x4FF ? 1 : 0;
  }
  return letters;
}

std::string latin_language(std::string_view text) {
  std::array<std::size_t, kLatin.size()> hits{};
  const std::string lower = to_lower(text);
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= lower.size(); ++i) {
    const bool letter =
        i < lower.size() && (is_lower(lower[i]) || (static_cast<unsigned char>(lower[i]) & 0x80U));
    if (letter) {
      continue;
    }
    const std::string_view word = std::string_view(lower).substr(begin, i - begin);
    begin = i + 1;
    for (std::size_t l = 0; l < kLatin.size() && !word.empty(); ++l) {
      const auto& words = kLatin[l].words;
      hits[l] += std::find(words.begin(), words.end(), word) != words.end() ? 1 : 0;
    }
  }
  const auto best = std::max_element(hits.begin(), hits.end());
  return *best == 0 ? "en" : kLatin[static_cast<std::size_t>(best - hits.begin())].code;
}

}  // namespace

std::string without_decoration(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  catalog::CodePoints reader(line);
  std::size_t skip_to = 0;
  while (reader.next()) {
    if (reader.position() < skip_to) {
      continue;
    }
    const std::size_t length = link_or_tag(line, reader.position());
    if (length > 0) {
      skip_to = reader.position() + length;
      out += ' ';
    } else if (is_emoji_or_symbol(reader.value())) {
      out += ' ';
    } else {
      out += reader.bytes();
    }
  }
  // Runs of three and more marks are lines drawn with the keyboard.
  std::string kept;
  for (std::size_t i = 0; i < out.size();) {
    std::size_t end = i;
    std::size_t marks = 0;
    while (end < out.size() && (is_decoration(out[end]) || (marks > 0 && out[end] == ' '))) {
      marks += out[end] != ' ' ? 1 : 0;
      ++end;
    }
    if (marks >= 3) {
      kept += out[i] == '.' ? "… " : " ";
      i = end;
    } else {
      kept += out[i++];
    }
  }
  return collapse_blanks(kept);
}

std::vector<Sentence> sentences_of(std::string_view text, std::size_t limit) {
  std::vector<Sentence> sentences;
  for (std::size_t begin = 0; begin < text.size() && sentences.size() < limit;) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = collapse_blanks(text.substr(begin, end - begin));
    begin = end + 1;
    bool starts = true;
    std::size_t from = 0;
    const auto take = [&](std::size_t to) {
      const std::string_view piece = trim(std::string_view(line).substr(from, to - from));
      if (!piece.empty() && sentences.size() < limit) {
        sentences.push_back({std::string(piece), starts});
        starts = false;
      }
      from = to;
    };
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (const std::size_t wide = wide_mark(line, i); wide > 0) {
        take(i + wide);
        i += wide - 1;
      } else if (ends_sentence(line, i)) {
        take(i + 1);
      }
    }
    take(line.size());
  }
  return sentences;
}

std::string language_of(std::string_view text) {
  const std::string_view sample = truncate_utf8(text, 20'000);
  const Letters letters = count_letters(sample);
  // A character of Chinese says about as much as three letters.
  const std::size_t wide = 3 * (letters.han + letters.kana + letters.hangul);
  const std::size_t all = letters.latin + wide + letters.cyrillic;
  if (all < 8) {
    return "";
  }
  if (3 * letters.latin >= all) {
    return latin_language(sample);
  }
  if (letters.cyrillic > wide) {
    return "ru";
  }
  if (letters.hangul > letters.han + letters.kana) {
    return "ko";
  }
  return 8 * letters.kana > letters.han ? "ja" : "zh";
}

}  // namespace stylus::refiner
