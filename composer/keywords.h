#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "composer/prompt_text.h"

namespace stylus::composer {

/// One stretch of the prompt that an adapter could serve.
struct KeywordSpan {
  std::size_t begin = 0;  ///< Byte offsets [begin, end) into the prompt, on character borders.
  std::size_t end = 0;
  std::string query;    ///< What to look up: lower case, without syntax, blanks collapsed.
  bool common = false;  ///< Says too little about any adapter to look it up ("red hair").
};

/// What the composer reads in a prompt.
struct PromptReading {
  std::vector<KeywordSpan> keywords;  ///< In order of place; they do not overlap.
  std::vector<Span> negated;          ///< "no boats", negation word included, in order.
  /// As long as the prompt, lower case where that keeps the length: syntax and negated words are
  /// blanks. What the whole prompt is looked up with.
  std::string searchable;
  std::vector<LoraTag> lora_tags;
  std::size_t end = 0;     ///< As PromptText::end.
  bool shortened = false;  ///< More than kMaxKeywords; the later ones were left out.
};

inline constexpr std::size_t kMaxKeywords = 64;

/// Finds the keywords: runs of words between function words, commas and brackets.
///
///   "a tour bus on a street, no people, (ukiyo-e:1.2)" -> "tour bus", "street", "ukiyo-e"
///
/// Nothing inside a negation becomes a keyword ("no", "not", "without", "free of", "cloud-free",
/// and the like in German, French, Spanish, Chinese and Japanese). A negation ends at the next
/// comma or full stop, and at a preposition or "but" after its first word. Runs longer than eight
/// words are cut; a text that occurs twice is one keyword, where it stands first.
/// Source: quality-recipe section 6, with commas, brackets and negations added.
/// Requires: valid UTF-8. Cost: linear.
[[nodiscard]] PromptReading read_prompt(std::string_view prompt);

}  // namespace stylus::composer
