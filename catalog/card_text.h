#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"

namespace stylus::catalog {

/// The texts of a card that search weighs against each other.
enum CardField : std::size_t {
  kTitle = 0,
  kTags = 1,
  kTriggers = 2,
  kDescription = 3,
  kCardFields = 4
};

/// A card as search reads it: its texts without decoration, links and format words. The lexical
/// index and the encoder read the same forms.
struct CardText {
  std::array<std::string, kCardFields> fields;
  std::vector<std::string> tags;     ///< One text per tag, for whole-tag matches.
  std::vector<std::string> names;    ///< Texts that name the adapter in a prompt.
  std::vector<std::string> phrases;  ///< Trigger phrases, split at commas.
};

/// Which forms of the texts count was found by experiment on the 760 development keywords
/// (BM25F alone, hit@1 / @3 / @10): clean title, clean tags, first 400 bytes of the triggers and
/// description without links give 0.304 / 0.470 / 0.584, the recipe's figures; raw titles give
/// 0.292 at 1, and triggers in full 0.299.
///
/// Where the description has less than five words and there are no tags, the file's name and the
/// telling words of the example prompts take its place: hit@10 0.572 -> 0.609 on the keywords of
/// 100 bare files (docs/decisions/017).
[[nodiscard]] CardText card_text_of(const Document& document);

/// "[LoRA] Old Harbour v1.2 (SD1.5)" -> "Old Harbour"; the raw title if nothing would be left.
[[nodiscard]] std::string clean_title(std::string_view title);

}  // namespace stylus::catalog
