#include <algorithm>
#include <string>
#include <vector>

#include "catalog/card_text.h"
#include "refiner/embedder.h"
#include "support/text.h"

namespace stylus::refiner {
namespace {

constexpr std::size_t kTriggerWords = 30;
constexpr std::size_t kSummaryWords = 64;
constexpr std::size_t kDescriptionBytes = 8192;  // far more than 64 words of any language

std::string first_words(std::string_view text, std::size_t count) {
  std::vector<std::string> words = split_list(collapse_blanks(text), ' ');
  words.resize(std::min(words.size(), count));
  return join(words, " ");
}

}  // namespace

TextForms text_forms(const catalog::Document& document) {
  const catalog::CardText text = catalog::card_text_of(document);
  const std::string triggers = first_words(text.fields[catalog::kTriggers], kTriggerWords);
  const std::string_view description =
      truncate_utf8(text.fields[catalog::kDescription], kDescriptionBytes);
  TextForms forms;
  forms.title = text.fields[catalog::kTitle];
  forms.title_tags = forms.title + " . " + text.fields[catalog::kTags];
  forms.summary = first_words(
      forms.title_tags + " . " + triggers + " . " + std::string(description), kSummaryWords);
  return forms;
}

}  // namespace stylus::refiner
