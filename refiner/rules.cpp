#include "refiner/rules.h"

#include <algorithm>
#include <set>

#include "catalog/card_text.h"
#include "catalog/weight_text.h"
#include "catalog/words.h"
#include "refiner/sentences.h"
#include "refiner/trigger_groups.h"
#include "support/hash.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kSummaryBytes = 160;
constexpr std::size_t kShowsBytes = 4000;
constexpr std::size_t kUsageBytes = 2000;
constexpr std::size_t kPromptWords = 12;
constexpr std::size_t kHashDigits = 32;

bool is_english(const std::string& sentence) {
  const bool ascii =
      std::count_if(sentence.begin(), sentence.end(),
                    [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }) *
          10 <
      static_cast<std::ptrdiff_t>(sentence.size());
  return ascii && language_of(sentence) == "en";
}

/// A sentence worth a summary: English, of some length, about the thing and not about its author.
bool says_something(const std::string& sentence) {
  static const catalog::PhraseList kAuthor = {"i",    "my",  "me",         "we",     "hello", "hi",
                                              "your", "you", "this is my", "please", "if"};
  const std::vector<std::string> words = catalog::words_of(sentence, 40);
  return words.size() >= 4 && is_english(sentence) && !kAuthor.matches(words) &&
         sentence.back() != ':' && sentence.find(" : ") == sentence.npos &&
         std::count(sentence.begin(), sentence.end(), ',') < 5;
}

std::string cut_line(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return std::string(text);
  }
  const std::string_view cut = truncate_utf8(text, limit - 3);
  const std::size_t blank = cut.rfind(' ');
  return std::string(cut.substr(0, blank == cut.npos || blank < limit / 2 ? cut.size() : blank)) +
         "…";
}

/// "style for SD 1.5", "a clothing and pose adapter"
std::string kind_words(const catalog::Adapter& adapter) {
  std::vector<std::string> categories = adapter.categories;
  categories.resize(std::min<std::size_t>(categories.size(), 2));
  return categories.empty() ? "adapter" : join(categories, " and ");
}

std::vector<std::string> english_words(const std::vector<std::string>& tags,
                                       const std::set<std::string>& known, std::size_t limit) {
  std::vector<std::string> words;
  for (const std::string& tag : tags) {
    const bool ascii = std::all_of(tag.begin(), tag.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0x80U) == 0;
    });
    if (ascii && known.count(to_lower(tag)) == 0 && words.size() < limit) {
      words.push_back(tag);
    }
  }
  return words;
}

/// The number as the importer weighed its sources, with the range that the card's text gives.
void read_weight(const catalog::Adapter& adapter, catalog::Refinement& refinement) {
  if (adapter.advice.source == catalog::WeightSource::kDefault ||
      adapter.advice.source == catalog::WeightSource::kModel) {
    refinement.weight = kPriorWeight;
    refinement.weight_evidence =
        "no card or example says a number; most such adapters are used "
        "near this";
  } else {
    refinement.weight = adapter.advice.weight;
    refinement.weight_evidence = adapter.advice.evidence;
  }
  refinement.weight_low = refinement.weight_high = *refinement.weight;
  std::optional<catalog::TextWeight> text = catalog::weight_from_text(adapter.description);
  for (std::size_t i = 0; !text && i < adapter.version_notes.size(); ++i) {
    text = catalog::weight_from_text(adapter.version_notes[i]);
  }
  if (text && text->low < text->high) {
    refinement.weight_low = text->low;
    refinement.weight_high = text->high;
  }
}

}  // namespace

std::string refiner_input(const catalog::Adapter& adapter) {
  // Lengths keep "ab" + "c" apart from "a" + "bc".
  std::string all;
  const auto add = [&all](std::string_view text) {
    all += std::to_string(text.size()) + ':';
    all += text;
  };
  const auto add_list = [&](const std::vector<std::string>& items) {
    all += std::to_string(items.size()) + '[';
    for (const std::string& item : items) {
      add(item);
    }
  };
  add(adapter.name);
  add(adapter.kind);
  add(adapter.description);
  add(adapter.file_name);
  add_list(adapter.bases);
  add_list(adapter.tags);
  add_list(adapter.triggers);
  add_list(adapter.example_prompts);
  if (!adapter.version_notes.empty()) {  // What was read without any keeps its name.
    add_list(adapter.version_notes);
  }
  return sha256_hex(all).substr(0, kHashDigits);
}

std::string summary_of(const catalog::Adapter& adapter, const CardParts& parts,
                       const std::vector<std::string>& prompt_words) {
  for (const Sentence& sentence : sentences_of(parts.shows, 40)) {
    if (says_something(sentence.text)) {
      return cut_line(sentence.text, kSummaryBytes);
    }
  }
  const std::string title = catalog::clean_title(adapter.name);
  std::set<std::string> known = {to_lower(title), "lora", "locon", "style lora"};
  known.insert(adapter.categories.begin(), adapter.categories.end());
  std::vector<std::string> more = english_words(adapter.tags, known, 5);
  if (more.size() < 3) {
    known.insert(more.begin(), more.end());
    for (std::string& word : english_words(prompt_words, known, 5 - more.size())) {
      more.push_back(std::move(word));
    }
  }
  std::string line = title + " (" + kind_words(adapter) + ")";
  if (!more.empty()) {
    line += ": ";
    line += join(more, ", ");
  }
  return cut_line(collapse_blanks(line), kSummaryBytes);
}

catalog::Refinement refine_by_rules(const catalog::Adapter& adapter,
                                    const PromptStatistics& statistics) {
  const CardParts parts = card_parts(adapter.description);
  catalog::Refinement refinement;
  refinement.author = kRulesAuthor;
  refinement.input = refiner_input(adapter);
  refinement.language = language_of(adapter.description);
  refinement.shows = truncate_utf8(parts.shows, kShowsBytes);
  refinement.usage = truncate_utf8(parts.usage, kUsageBytes);
  std::vector<std::string_view> texts = {adapter.description};
  texts.insert(texts.end(), adapter.version_notes.begin(), adapter.version_notes.end());
  refinement.triggers = trigger_groups(adapter.triggers, texts, [&](std::string_view phrase) {
    return statistics.is_common(phrase);
  });
  refinement.prompt_words = statistics.telling_phrases(adapter.example_prompts, kPromptWords);
  refinement.categories = adapter.categories;
  refinement.summary = summary_of(adapter, parts, refinement.prompt_words);
  read_weight(adapter, refinement);
  return refinement;
}

}  // namespace stylus::refiner
