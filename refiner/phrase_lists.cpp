#include "refiner/phrase_lists.h"

#include <algorithm>
#include <array>
#include <optional>

#include "catalog/words.h"
#include "refiner/sentences.h"
#include "refiner/trigger_groups.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kLongestLabel = 70;
constexpr std::size_t kLongestLine = 3000;  // bytes; a longer one is no list
constexpr std::size_t kMostWords = 6;
constexpr std::ptrdiff_t kMostWideBytes = 24;  // eight Chinese characters
constexpr std::size_t kMostPhrases = 40;

/// Words that prompts of tags do not hold and sentences do.
bool is_prose(const std::string& phrase) {
  static const catalog::PhraseList kProse = {
      "i",    "you",   "it",     "is",    "are",   "was",    "this",     "that",     "please",
      "can",  "will",  "should", "would", "have",  "has",    "your",     "my",       "not",
      "but",  "if",    "so",     "use",   "using", "try",    "trained",  "download", "here",
      "make", "there", "these",  "when",  "also",  "which",  "don",      "doesn",    "because",
      "than", "be",    "do",     "been",  "thank", "thanks", "recommend"};
  const std::vector<std::string> words = catalog::words_of(phrase, kMostWords + 1);
  const auto wide = std::count_if(phrase.begin(), phrase.end(),
                                  [](char c) { return (static_cast<unsigned char>(c) & 0x80U); });
  return wide > kMostWideBytes || words.size() > kMostWords || kProse.matches(words);
}

/// Words of scripts without blanks are looked for anywhere.
template <std::size_t kSize>
bool holds(std::string_view text, const std::array<std::string_view, kSize>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != text.npos; });
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// One spelling of separators, quotes and colons.
std::string plain_marks(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kMarks = {{
      {"，", ","},
      {"、", ","},
      {"：", ": "},
      {"；", ";"},
      {"“", "\""},
      {"”", "\""},
      {"„", "\""},
      {"‘", "'"},
      {"’", "'"},
      {"「", "\""},
      {"」", "\""},
      {"（", " ("},
      {"）", ") "},
      {"–", "-"},
      {"—", "-"},
      {"`", "\""},
  }};
  for (const auto& [from, to] : kMarks) {
    replace_all(text, from, to);
  }
  return text;
}

/// Remarks in brackets that speak of strengths: "(Weight ~0. 7)".
std::string without_remarks(std::string text) {
  for (std::size_t open = text.find('('); open != text.npos; open = text.find('(', open + 1)) {
    const std::size_t close = text.find(')', open);
    if (close == text.npos) {
      break;
    }
    const std::string inner = to_lower(text.substr(open, close - open));
    if (inner.find("weight") != inner.npos || inner.find("strength") != inner.npos) {
      text.erase(open, close + 1 - open);
    }
  }
  return text;
}

/// A colon that follows words which announce something, wherever it stands: "…, etc. for the coat
/// trigger: red coat, hat".
std::optional<std::size_t> announcing_colon(std::string_view text) {
  for (std::size_t at = text.find(':'); at != text.npos; at = text.find(':', at + 1)) {
    const std::size_t from = text.substr(0, at).find_last_of(".;!?,");
    const std::string_view label = text.substr(from == text.npos ? 0 : from + 1, at);
    const std::string_view words = label.substr(0, at - (from == text.npos ? 0 : from + 1));
    if (words.size() <= kLongestLabel && (says_trigger(words) || says_outfit(words))) {
      return at + 1;
    }
  }
  return std::nullopt;
}

/// Where the words before a list end: after ":", " - " or "=", if they are few.
std::optional<std::size_t> label_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size() && i < 4 * kLongestLabel; ++i) {
    const char c = text[i];
    const bool smiley = c == ':' && i + 1 < text.size() && text[i + 1] != ' ' &&
                        (i == 0 || text[i - 1] == ' ' || text[i - 1] == ',');
    const bool weight = c == ':' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    const bool dash =
        c == '-' && i > 0 && text[i - 1] == ' ' && i + 1 < text.size() && text[i + 1] == ' ';
    if (c == ',') {
      return std::nullopt;
    }
    if (((c == ':' && !smiley && !weight) || c == '=' || dash)) {
      return i + 1;
    }
  }
  return std::nullopt;
}

/// The label's last clause: ", etc. for the red coat" says "for the red coat".
std::string label_text(std::string_view text) {
  const std::size_t cut = text.find_last_of(".;!?,");
  std::string label = collapse_blanks(cut == text.npos ? text : text.substr(cut + 1));
  while (!label.empty() && (label.back() == ':' || label.back() == '=' || label.back() == '-' ||
                            label.back() == ' ' || label.back() == '*')) {
    label.pop_back();
  }
  return label.size() <= kLongestLabel ? label : "";
}

/// Brackets inside a phrase close in it; braces and square ones are choices.
bool is_balanced(std::string_view piece) {
  std::ptrdiff_t open = 0;
  for (const char c : piece) {
    open += c == '(' ? 1 : c == ')' ? -1 : 0;
  }
  const bool torn = piece.find(" '") != piece.npos || piece.find("' ") != piece.npos;
  return open == 0 && !torn && piece.find_first_of("{}[]") == piece.npos;
}

/// The pieces of a list; nothing if one of them is a sentence. The last may run on into one:
/// "…, tape. Increase its weight" was cut by sentences_of(), "…, boots - to push it" is cut here.
std::vector<std::string> list_phrases(std::string_view text) {
  std::vector<std::string> phrases;
  std::string body(trim(text));
  const bool opens = !body.empty() && (body.front() == '"' || body.front() == '\'');
  if (opens) {
    const std::size_t close = body.find(body.front(), 1);
    body = body.substr(1, close == body.npos ? body.npos : close - 1);
  }
  const std::vector<std::string> pieces = split_list(body, ',');
  for (std::size_t i = 0; i < pieces.size() && phrases.size() <= kMostPhrases; ++i) {
    std::string piece = pieces[i];
    bool last = i + 1 == pieces.size();
    if (const std::size_t dash = piece.find("- "); i > 0 && dash != piece.npos) {
      // "…, orange boots - These are needed, too": the list ends where the remark begins.
      last = last || is_prose(piece.substr(dash + 2));
      piece.erase(last ? dash : piece.size());
    }
    if (last && i > 0) {
      piece.erase(std::min(piece.find(" and etc"), piece.size()));
      piece.erase(0, piece.starts_with("and ") ? 4 : 0);
    }
    std::string phrase = clean_phrase(piece);
    if (!is_balanced(piece) || is_prose(phrase) || piece.starts_with("or ")) {
      return {};
    }
    if (!phrase.empty()) {
      phrases.push_back(std::move(phrase));
    }
    if (last) {
      break;
    }
  }
  return phrases.size() <= kMostPhrases ? phrases : std::vector<std::string>{};
}

/// Lists that stand in quotes: each its own (" coat, hat " or " scarf, gloves "), or three and more
/// single phrases in a row ("coat", "hat" and "scarf"). False if there are none.
bool add_quoted(std::string_view text, std::vector<PhraseList>& lists) {
  PhraseList row;
  std::vector<PhraseList> found;
  std::size_t last = 0;
  for (std::size_t open = text.find('"'); open != text.npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == text.npos) {
      break;
    }
    std::vector<std::string> phrases = list_phrases(text.substr(open + 1, close - open - 1));
    if (phrases.size() > 2) {
      found.push_back({"", "", std::move(phrases), true});
    } else if (phrases.size() == 1) {
      row.phrases.push_back(std::move(phrases.front()));
    }
    last = close + 1;
    open = text.find('"', close + 1);
  }
  if (row.phrases.size() >= 3) {
    row.quoted = true;
    found.push_back(std::move(row));
  }
  const bool one_whole = found.size() == 1 && text.find('"') == 0 && last == text.size();
  if (found.empty() || one_whole) {
    return false;  // A line in quotes is a line.
  }
  for (PhraseList& list : found) {
    list.label = collapse_blanks(text.substr(0, text.find('"')));
    list.announced_by = collapse_blanks(text.substr(last));
    lists.push_back(std::move(list));
  }
  return true;
}

bool announces(std::string_view line) {
  return line.size() <= 2 * kLongestLabel && line.find(',') == line.npos;
}

}  // namespace

bool says_trigger(std::string_view text) {
  static const catalog::PhraseList kWords = {
      "trigger",      "triggers",        "triggerword",      "triggerwords",
      "activator",    "activation",      "activate",         "activates",
      "keyword",      "keywords",        "trained words",    "trained word",
      "triggering",   "prompts",         "prompt",           "prompting",
      "tags to help", "activation tags", "descriptive tags", "additional tags",
      "key word",     "key words",       "use with tag",     "invoke"};
  static constexpr std::array<std::string_view, 6> kWide = {"トリガー", "触发",   "觸發",
                                                            "提示词",   "关键词", "激活词"};
  return kWords.matches(catalog::words_of(text, 40)) || holds(text, kWide);
}

bool says_outfit(std::string_view text) {
  static const catalog::PhraseList kWords = {
      "outfit",     "outfits",   "uniform", "costume", "dress",    "clothes",
      "clothing",   "swimsuit",  "armor",   "armour",  "suit",     "kimono",
      "appearance", "accessory", "bikini",  "look",    "plugsuit", "jacket",
      "sundress",   "casual",    "pajamas", "maid",    "robe",     "accessories"};
  static constexpr std::array<std::string_view, 3> kWide = {"服装", "衣服", "衣装"};
  return kWords.matches(catalog::words_of(text, 40)) || holds(text, kWide);
}

std::vector<PhraseList> phrase_lists(std::string_view description) {
  std::vector<PhraseList> lists;
  std::string before;  // the heading that still holds
  for (const Sentence& sentence : sentences_of(plain_marks(std::string(description)))) {
    if (sentence.text.size() > kLongestLine) {
      before.clear();
      continue;
    }
    const std::string text = without_remarks(without_decoration(sentence.text));
    if (add_quoted(text, lists)) {
      before.clear();
      continue;
    }
    PhraseList list;
    std::optional<std::size_t> end = announcing_colon(text);
    end = end ? end : label_end(text);
    list.label = end ? label_text(std::string_view(text).substr(0, *end)) : "";
    list.announced_by = before;
    list.phrases = list_phrases(std::string_view(text).substr(end.value_or(0)));
    // A heading holds for all the lists under it.
    if (list.phrases.size() < 2) {
      before = announces(text) ? text : "";
    }
    if (!list.phrases.empty()) {
      lists.push_back(std::move(list));
    }
  }
  return lists;
}

}  // namespace stylus::refiner
