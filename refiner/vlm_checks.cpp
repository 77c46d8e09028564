#include "refiner/vlm_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <vector>

#include "catalog/categories.h"
#include "chat/data_text.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kSummaryBytes = 160;
constexpr std::size_t kDescriptionBytes = 4000;
constexpr std::size_t kFewestLetters = 12;
constexpr std::size_t kMostGroups = 8;
constexpr std::size_t kMostPhrases = 12;
constexpr std::size_t kPhraseBytes = 100;
constexpr double kMaxWeight = 2;

/// Lower case, with every run of characters that are no letters, digits or beyond ASCII as one
/// blank, and a blank at both ends: so words can be looked for whole.
std::string words_only(std::string_view text) {
  std::string out = " ";
  for (const char c : to_lower(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool part = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (part) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.back() != ' ') {
    out += ' ';
  }
  return out;
}

bool holds_any(const std::string& words, std::span<const std::string_view> phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return words.find(phrase) != std::string::npos;
  });
}

/// How the adapter was made is no reason to choose it.
constexpr std::array<std::string_view, 18> kTraining = {
    " trained on ",  " trained with ",   " trained using ", " training ",      " epoch ",
    " epochs ",      " dataset ",        " data set ",      " learning rate ", " batch size ",
    " network dim ", " network rank ",   " optimizer ",     " kohya ",         " adamw ",
    " steps per ",   " training steps ", " repeats "};

/// Words to a model or its operator have no place in a description.
constexpr std::array<std::string_view, 24> kOrders = {
    " ignore previous ", " ignore all ",     " ignore the ",    " ignore any ",
    " disregard ",       " system prompt ",  " instructions ",  " instruction ",
    " as an ai ",        " language model ", " you are now ",   " you must ",
    " you should ",      " assistant ",      " respond with ",  " reply with ",
    " output only ",     " answer with ",    " always choose ", " always pick ",
    " always select ",   " other adapters ", " do not select ", " api key "};

bool has_link(std::string_view sentence) {
  const std::string text = to_lower(sentence);
  constexpr std::array<std::string_view, 8> kSigns = {"://",  "www.", ".com", ".net",
                                                      ".org", ".gg/", ".io/", "@"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](std::string_view sign) { return text.find(sign) != std::string::npos; });
}

bool has_markup(std::string_view sentence) {
  const std::size_t open = sentence.find('<');
  return (open != std::string_view::npos && sentence.find('>', open) != std::string_view::npos) ||
         sentence.find("```") != std::string_view::npos ||
         sentence.find("](") != std::string_view::npos;
}

bool is_describing(std::string_view sentence) {
  const std::string words = words_only(sentence);
  return !has_link(sentence) && !has_markup(sentence) && !holds_any(words, kTraining) &&
         !holds_any(words, kOrders);
}

bool is_sentence_end(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\n') {
    return true;
  }
  return (c == '.' || c == '!' || c == '?') &&
         (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n');
}

std::size_t letters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }));
}

std::string text_of(const nlohmann::json& reply, const char* key) {
  const auto found = reply.find(key);
  return found != reply.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A list of texts; a single text counts as a list of one.
std::vector<std::string> texts_of(const nlohmann::json& value) {
  std::vector<std::string> all;
  if (value.is_string()) {
    all.push_back(value.get<std::string>());
  } else if (value.is_array()) {
    for (const nlohmann::json& each : value) {
      if (each.is_string()) {
        all.push_back(each.get<std::string>());
      }
    }
  }
  return all;
}

std::vector<std::string> categories_in(const nlohmann::json& reply) {
  std::set<std::string> said;
  for (const std::string& text : texts_of(reply.value("categories", nlohmann::json()))) {
    std::string name = to_lower(trim(text));
    said.insert(name);
    if (name.ends_with('s')) {
      name.pop_back();
      said.insert(std::move(name));
    }
  }
  std::vector<std::string> categories;
  for (const std::string_view name : catalog::category_names()) {
    if (said.count(std::string(name)) != 0) {
      categories.emplace_back(name);
    }
  }
  return categories;
}

/// The sentences of a text that give no orders: what a model was talked into must not count as said
/// by the card.
std::string without_orders(std::string_view text) {
  std::string kept;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_sentence_end(text, i) && i + 1 != text.size()) {
      continue;
    }
    const std::string_view sentence = text.substr(begin, i + 1 - begin);
    begin = i + 1;
    if (!holds_any(words_only(sentence), kOrders)) {
      kept += sentence;
      kept += '\n';
    }
  }
  return kept;
}

std::string card_text(const VlmCard& card) {
  return without_orders(join(card.triggers, "\n") + "\n" + card.description + "\n" +
                        join(card.example_prompts, "\n"));
}

std::vector<std::vector<std::string>> triggers_in(const nlohmann::json& reply,
                                                  const VlmCard& card) {
  const std::string there = words_only(card_text(card));
  const nlohmann::json said = reply.value("trigger_groups", nlohmann::json());
  std::vector<std::vector<std::string>> groups;
  std::set<std::string> known;
  if (!said.is_array()) {
    return groups;
  }
  for (const nlohmann::json& each : said) {
    std::vector<std::string> group;
    for (const std::string& text : texts_of(each)) {
      const std::string phrase = collapse_blanks(chat::data_text(text, kPhraseBytes * 2));
      const std::string words = words_only(phrase);
      const bool fits =
          phrase.size() <= kPhraseBytes && words != " " && there.find(words) != std::string::npos;
      if (fits && group.size() < kMostPhrases && known.insert(words).second) {
        group.push_back(phrase);
      }
    }
    if (!group.empty() && groups.size() < kMostGroups) {
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

/// All plain decimal numbers of a text, in order.
std::vector<double> numbers_in(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<double> numbers;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts =
        is_digit(text[i]) || (text[i] == '.' && i + 1 < text.size() && is_digit(text[i + 1]));
    if (!starts) {
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) {
      ++end;
    }
    double number = 0;
    const auto result = std::from_chars(text.data() + i, text.data() + end, number);
    if (result.ec == std::errc()) {
      numbers.push_back(number);
      if (i > 0 && text[i - 1] == '-') {
        numbers.push_back(-number);
      }
    }
    i = end;
  }
  return numbers;
}

/// The weight, if the card itself names it, or the two ends of a range that it is the middle of.
std::optional<double> weight_in(const nlohmann::json& reply, const VlmCard& card) {
  const auto found = reply.find("weight");
  if (found == reply.end() || !found->is_number()) {
    return std::nullopt;
  }
  const auto weight = found->get<double>();
  if (!std::isfinite(weight) || std::fabs(weight) > kMaxWeight || weight == 0) {
    return std::nullopt;
  }
  const auto is_it = [weight](double number) { return std::fabs(number - weight) < 0.006; };
  const std::vector<double> numbers = numbers_in(card_text(card));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (is_it(numbers[i]) || (i > 0 && is_it((numbers[i - 1] + numbers[i]) / 2))) {
      return weight;
    }
  }
  return std::nullopt;
}

/// Without a picture to look at, a description that shares no word with the card is made up.
bool speaks_of_the_card(const VlmDescription& description, const VlmCard& card) {
  const std::string there =
      words_only(card.name + "\n" + join(card.tags, "\n") + "\n" + card_text(card));
  const std::string said = words_only(description.summary + " " + description.description);
  for (std::size_t begin = 1; begin < said.size();) {
    const std::size_t end = said.find(' ', begin);
    if (end == std::string::npos) {
      break;
    }
    if (end - begin >= 4) {  // shorter words are in every text
      const std::string stem = said.substr(begin - 1, std::min<std::size_t>(end - begin, 6) + 1);
      if (there.find(stem) != std::string::npos) {
        return true;
      }
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::string describing_sentences(std::string_view text, std::size_t limit_bytes) {
  const std::string clean = chat::data_text(text, 4 * limit_bytes);
  std::string kept;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    if (!is_sentence_end(clean, i) && i + 1 != clean.size()) {
      continue;
    }
    const std::string_view sentence = trim(std::string_view(clean).substr(begin, i + 1 - begin));
    begin = i + 1;
    if (sentence.empty() || !is_describing(sentence)) {
      continue;
    }
    if (kept.size() + sentence.size() + 1 > limit_bytes) {
      if (kept.empty()) {
        kept = truncate_utf8(sentence, limit_bytes);
      }
      break;
    }
    kept += kept.empty() ? "" : " ";
    kept += sentence;
  }
  return collapse_blanks(kept);
}

bool reads_as_english(std::string_view text) {
  const std::size_t letters = letters_in(text);
  const auto beyond = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0xC0U;  // first bytes of characters
  }));
  if (letters < 4 * beyond) {
    return false;
  }
  constexpr std::array<std::string_view, 12> kEnglish = {" the ", " a ",    " an ",  " of ",
                                                         " and ", " with ", " in ",  " is ",
                                                         " for ", " that ", " are ", " it "};
  constexpr std::array<std::string_view, 24> kOthers = {
      " der ", " die ", " das ", " und ",  " mit ", " ein ",  " eine ", " ist ",
      " le ",  " les ", " des ", " est ",  " une ", " avec ", " dans ", " el ",
      " los ", " con ", " una ", " para ", " que ", " um ",   " uma ",  " com "};
  const std::string words = words_only(text);
  const auto count = [&words](std::string_view word) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = words.find(word, at)) != std::string::npos; ++at) {
      ++found;
    }
    return found;
  };
  std::size_t english = 0, others = 0;
  for (const std::string_view word : kEnglish) {
    english += count(word);
  }
  for (const std::string_view word : kOthers) {
    others += count(word);
  }
  return others < 2 || others <= english;
}

std::variant<VlmDescription, std::string> checked_description(const nlohmann::json& reply,
                                                              const VlmCard& card) {
  VlmDescription description;
  description.summary = describing_sentences(text_of(reply, "summary"), kSummaryBytes);
  description.description = describing_sentences(text_of(reply, "description"), kDescriptionBytes);
  if (letters_in(description.description) < kFewestLetters) {
    return "the description says nothing once links, training details and orders are taken out";
  }
  if (description.summary.empty()) {
    const std::size_t stop = description.description.find(". ");
    description.summary = truncate_utf8(description.description.substr(0, stop), kSummaryBytes);
  }
  if (!reads_as_english(description.summary + " " + description.description)) {
    return "the description is not English";
  }
  description.categories = categories_in(reply);
  if (description.categories.empty()) {
    return "none of its categories is one that stylus knows";
  }
  if (card.pictures.empty() && !speaks_of_the_card(description, card)) {
    return "no picture was sent, and the description shares no word with the card";
  }
  description.trigger_groups = triggers_in(reply, card);
  description.weight = weight_in(reply, card);
  return description;
}

}  // namespace stylus::refiner
