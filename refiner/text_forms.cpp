#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "refiner/embedder.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kTriggerBytes = 400;
constexpr std::size_t kTriggerWords = 30;
constexpr std::size_t kSummaryWords = 64;
constexpr std::size_t kDescriptionBytes = 8192;  // far more than 64 words of any language

/// Punctuation that titles use as decoration.
constexpr std::array<std::string_view, 29> kDecoration = {
    "[", "]",  "(", ")", "{",  "}",  "|",  "_",  "/",  "\\", "-", "–", "—", ":", ";",
    ",", "\"", "“", "”", "【", "】", "「", "」", "（", "）", "~", "*", "#", "!"};

/// Words of a title that tell the file format, not what the adapter shows.
constexpr std::array<std::string_view, 9> kFormatWords = {
    "lora", "locon", "lycoris", "loha", "lokr", "sd1.5", "model", "checkpoint", "civitai"};

constexpr std::array<std::string_view, 6> kFormatTags = {"lora",  "locon", "stable diffusion",
                                                         "sd1.5", "model", "style lora"};

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; }) &&
         text.front() != '.' && text.back() != '.';
}

bool is_version(std::string_view word) {
  return word.size() > 1 && word[0] == 'v' && is_number(word.substr(1));
}

std::string without_decoration(std::string_view title) {
  std::string plain;
  plain.reserve(title.size());
  for (std::size_t at = 0; at < title.size();) {
    const auto mark = std::find_if(kDecoration.begin(), kDecoration.end(), [&](std::string_view m) {
      return title.substr(at, m.size()) == m;
    });
    if (mark != kDecoration.end()) {
      plain += ' ';
      at += mark->size();
    } else {
      plain += title[at++];
    }
  }
  return plain;
}

std::string clean_title(std::string_view title) {
  const std::vector<std::string> words =
      split_list(collapse_blanks(without_decoration(title)), ' ');
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = to_lower(words[i]);
    const bool number_follows = i + 1 < words.size() && is_number(words[i + 1]);
    if ((word == "ver" || word == "version") && number_follows) {
      ++i;
    } else if (word == "sd" && i + 1 < words.size() && words[i + 1] == "1.5") {
      ++i;
    } else if (!is_version(word) &&
               std::find(kFormatWords.begin(), kFormatWords.end(), word) == kFormatWords.end()) {
      kept.push_back(words[i]);
    }
  }
  return kept.empty() ? collapse_blanks(title) : join(kept, " ");
}

std::string tag_text(const std::vector<std::string>& tags) {
  std::vector<std::string> kept;
  for (const std::string& tag : tags) {
    if (std::find(kFormatTags.begin(), kFormatTags.end(), to_lower(tag)) == kFormatTags.end()) {
      kept.push_back(tag);
    }
  }
  return join(kept, ", ");
}

/// Without web addresses and <...>; blanks collapsed.
std::string plain_description(std::string_view text) {
  std::string plain;
  text = truncate_utf8(text, kDescriptionBytes);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '<') {
      const std::size_t end = text.find('>', at);
      if (end != std::string_view::npos) {
        plain += ' ';
        at = end + 1;
        continue;
      }
    }
    if (text.substr(at, 7) == "http://" || text.substr(at, 8) == "https://") {
      while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) == 0) {
        ++at;
      }
      continue;
    }
    plain += text[at++];
  }
  return collapse_blanks(plain);
}

std::string first_words(std::string_view text, std::size_t count) {
  std::vector<std::string> words = split_list(collapse_blanks(text), ' ');
  if (words.size() > count) {
    words.resize(count);
  }
  return join(words, " ");
}

/// The non-empty parts, joined as the recipe does.
std::string sentence(const std::vector<std::string>& parts) {
  std::vector<std::string> kept;
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(kept),
               [](const std::string& part) { return !part.empty(); });
  return join(kept, " . ");
}

}  // namespace

TextForms text_forms(const catalog::Document& document) {
  const std::string title = clean_title(document.name);
  const std::string tags = tag_text(document.tags);
  const std::string all_triggers = join(document.triggers, ", ");
  const std::string triggers =
      first_words(truncate_utf8(all_triggers, kTriggerBytes), kTriggerWords);
  TextForms forms;
  forms.title = title;
  forms.title_tags = sentence({title, tags});
  forms.summary = first_words(
      sentence({title, tags, triggers, plain_description(document.description)}), kSummaryWords);
  return forms;
}

}  // namespace stylus::refiner
