#include "catalog/card_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "catalog/cjk.h"
#include "catalog/code_points.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::size_t kTriggerBytes = 400;
constexpr std::size_t kFewWords = 5;  // a shorter description tells nothing

/// Marks between words of a title; each becomes a blank.
constexpr std::array<std::string_view, 31> kTitleMarks = {
    "[",  "]", "(", ")",  "{",  "}",  "|",  "_",  "/",  "\\", "-", "–", "—", ":",  ";", ",",
    "\"", "“", "”", "【", "】", "「", "」", "（", "）", "~",  "*", "#", "!", "\n", "\t"};

constexpr std::array<std::string_view, 8> kTitleNoise = {"lora", "locon", "lycoris",    "loha",
                                                         "lokr", "model", "checkpoint", "civitai"};

constexpr std::array<std::string_view, 6> kTagNoise = {"lora",  "locon", "stable diffusion",
                                                       "sd1.5", "model", "style lora"};

std::string ascii_lower(std::string text) {
  for (char& c : text) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word_byte(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

std::string without_marks(std::string_view title) {
  std::string text;
  text.reserve(title.size());
  for (std::size_t i = 0; i < title.size();) {
    const auto mark = std::find_if(kTitleMarks.begin(), kTitleMarks.end(), [&](auto candidate) {
      return title.substr(i).starts_with(candidate);
    });
    if (mark != kTitleMarks.end()) {
      text += ' ';
      i += mark->size();
    } else {
      text += title[i++];
    }
  }
  return text;
}

/// End of a run of digits that starts at `i`, if it is one and ends at a word's end.
std::optional<std::size_t> digits_to_word_end(std::string_view text, std::size_t i) {
  std::size_t end = i;
  while (end < text.size() && is_digit(text[end])) {
    ++end;
  }
  const bool whole = end > i && (end == text.size() || !is_word_byte(text[end]));
  return whole ? std::optional(end) : std::nullopt;
}

std::size_t skip_blanks(std::string_view text, std::size_t i) {
  while (i < text.size() && text[i] == ' ') {
    ++i;
  }
  return i;
}

/// If a version or base name starts at the word begin `i` ("v1.5", "ver 2", "SD 1.5"), its end.
std::optional<std::size_t> version_end(std::string_view lower, std::size_t i) {
  const std::string_view rest = lower.substr(i);
  if (rest.starts_with("sd")) {
    const std::size_t number = skip_blanks(lower, i + 2);
    const bool base = lower.substr(number).starts_with("1.5");
    const std::size_t end = number + 3;
    if (base && (end >= lower.size() || !is_word_byte(lower[end]))) {
      return end;
    }
  }
  for (const std::string_view prefix : {"version", "ver"}) {
    if (rest.starts_with(prefix)) {
      if (const auto end = digits_to_word_end(lower, skip_blanks(lower, i + prefix.size()))) {
        return end;
      }
    }
  }
  if (!rest.starts_with('v')) {
    return std::nullopt;
  }
  std::optional<std::size_t> end = digits_to_word_end(lower, i + 1);
  while (end && *end < lower.size() && lower[*end] == '.') {
    const auto next = digits_to_word_end(lower, *end + 1);
    if (!next) {
      break;
    }
    end = next;
  }
  return end;
}

/// `text` without links and <tags>, blanks collapsed.
std::string clean_description(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const std::size_t last_close = text.rfind('>');  // spares a search after each lone '<'
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const bool tag = text[i] == '<' && last_close != std::string_view::npos && i < last_close;
    if (rest.starts_with("http://") || rest.starts_with("https://")) {
      const std::size_t length = rest.find_first_of(" \t\r\n\f\v");
      i += length == std::string_view::npos ? rest.size() : length;
      out += ' ';
    } else if (tag) {
      i += rest.find('>') + 1;
      out += ' ';
    } else {
      out += text[i++];
    }
  }
  return collapse_blanks(out);
}

/// `title` without what stands in brackets: "[Old Sea] Mira (young)" -> "Mira".
std::string without_brackets(std::string_view title) {
  std::string out;
  int depth = 0;
  for (const char c : title) {
    if (c == '(' || c == '[' || c == '{') {
      ++depth;
      out += ' ';
    } else if (c == ')' || c == ']' || c == '}') {
      depth = std::max(0, depth - 1);
    } else if (depth == 0) {
      out += c;
    }
  }
  return out;
}

/// A title such as "Mira | Old Sea [LoRA]" is three things; a prompt says only "mira".
std::vector<std::string> names_of(std::string_view title) {
  std::vector<std::string> names = {clean_title(title)};
  const std::string open = without_brackets(title);
  names.push_back(clean_title(open));
  const std::size_t cut = std::min({open.find('|'), open.find(" - "), open.find('/'),
                                    open.find(" – "), open.find(" from "), open.find(',')});
  if (cut != std::string::npos) {
    names.push_back(clean_title(std::string_view(open).substr(0, cut)));
  }
  return names;
}

/// Scripts without blanks: each of their characters counts as a word.
bool is_short(std::string_view text) {
  std::size_t words = split_list(text, ' ').size();
  CodePoints reader(text);
  while (words < kFewWords && reader.next()) {
    words += is_cjk(reader.value()) ? 1U : 0U;
  }
  return words < kFewWords;
}

/// What a card without text and tags can still be found by: the name of its file, and what its
/// example prompts say and others do not.
std::string hints_of(const Document& document) {
  std::vector<std::string> hints;
  const std::string stem = document.file_name.substr(0, document.file_name.rfind('.'));
  if (!stem.empty()) {
    hints.push_back(clean_title(stem));
  }
  hints.insert(hints.end(), document.prompt_words.begin(), document.prompt_words.end());
  return join(hints, ", ");
}

}  // namespace

std::string clean_title(std::string_view title) {
  const std::string text = without_marks(title);
  const std::string lower = ascii_lower(text);
  std::string kept;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      kept += text[i++];
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) {
      ++end;
    }
    const std::string_view word = std::string_view(lower).substr(i, end - i);
    const auto version = version_end(lower, i);
    if (version) {
      kept += ' ';
      i = *version;
    } else if (std::find(kTitleNoise.begin(), kTitleNoise.end(), word) != kTitleNoise.end()) {
      kept += ' ';
      i = end;
    } else {
      kept.append(text, i, end - i);
      i = end;
    }
  }
  std::string clean = collapse_blanks(kept);
  return clean.empty() ? std::string(title) : clean;
}

CardText card_text_of(const Document& document) {
  CardText text;
  for (const std::string& tag : document.tags) {
    const bool noise = std::any_of(kTagNoise.begin(), kTagNoise.end(), [&](std::string_view word) {
      return equals_ignoring_case(tag, word);
    });
    if (!noise) {
      text.tags.push_back(tag);
    }
  }
  text.fields[kTitle] = clean_title(document.name);
  text.fields[kTags] = join(text.tags, ", ");
  text.fields[kTriggers] = truncate_utf8(join(document.triggers, ", "), kTriggerBytes);
  text.fields[kDescription] = clean_description(document.description);
  if (document.tags.empty() && is_short(text.fields[kDescription])) {
    text.fields[kDescription] =
        collapse_blanks(text.fields[kDescription] + " " + hints_of(document));
  }
  text.names = names_of(document.name);
  for (const std::string& trigger : document.triggers) {
    for (std::string& phrase : split_list(trigger, ',')) {
      text.phrases.push_back(std::move(phrase));
    }
  }
  return text;
}

}  // namespace stylus::catalog
