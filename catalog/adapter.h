#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stylus::catalog {

/// Row of an adapter in the catalogue: positive, dense (1, 2, 3, … in order of import), never
/// reused. "civitai:3679" and hashes are ids; rows are how rooms talk about adapters quickly.
using AdapterRow = std::int64_t;

/// How safe the pictures are to show. Unrated is not safe (docs/rooms.md).
enum class Rating { kSafe, kAdult, kUnrated };

/// Where a weight comes from, strongest first (design 4.3).
enum class WeightSource {
  kUser,
  kExamplePrompts,
  kCard,
  kDefault,
  kModel,  ///< What a model read off the pictures; between kCard and kDefault. Never in a card.
};

/// Words that belong together in a prompt: they call the adapter, or one outfit of it.
struct TriggerGroup {
  std::string label;                 ///< What the card calls it: "School uniform"; often "".
  std::vector<std::string> phrases;  ///< As the card spells them; at least one.

  [[nodiscard]] bool operator==(const TriggerGroup&) const = default;
};

/// The recommended strength of an adapter with its evidence.
struct WeightAdvice {
  double weight = 0.8;
  WeightSource source = WeightSource::kDefault;
  int count = 0;         ///< kExamplePrompts: occurrences behind the median.
  std::string evidence;  ///< kCard: the words it was read from; kUser: the tool's setting.

  [[nodiscard]] bool operator==(const WeightAdvice&) const = default;
};

/// Licence flags of the card, as far as it states them.
struct Licence {
  std::string name;        ///< SPDX id or free text; often empty.
  std::string commercial;  ///< "None", "Image", "Rent", "Sell" or "" unknown.
  std::optional<bool> credit_required;
  std::optional<bool> derivatives;
  std::optional<bool> different_licence;  ///< May derivatives carry another licence?

  [[nodiscard]] bool operator==(const Licence&) const = default;
};

/// A file that holds this adapter. One adapter may have several (same bytes, several places).
struct Place {
  std::string path;  ///< Absolute.
  std::int64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  bool missing = false;  ///< It was there at an earlier import.

  [[nodiscard]] bool operator==(const Place&) const = default;
};

inline constexpr double kMaxOwnWeight = 4;  ///< Overlay::weight lies in [-4, 4].

/// What the user said; no import touches it.
struct Overlay {
  bool favourite = false;
  bool blocked = false;
  std::optional<double> weight;
  std::optional<std::vector<std::string>> triggers;
  std::optional<Rating> rating;
  std::string notes;

  [[nodiscard]] bool operator==(const Overlay&) const = default;
};

/// One adapter with all that the catalogue knows of it. A plain value.
struct Adapter {
  AdapterRow row = 0;
  std::string id;  ///< "civitai:3679", "flux-dlc:12" or "sha256:<64 hex>".
  std::string name;
  std::string kind = "lora";  ///< As weights::AdapterFacts::kind.
  std::vector<std::string>
      bases;  ///< Base family slugs (weights/base_family.h), most specific first.
  std::vector<std::string> tags;
  std::vector<std::string> triggers;         ///< In card order; one entry may hold a comma list.
  std::vector<TriggerGroup> trigger_groups;  ///< The refiner's; empty before it ran.
  std::string description;                   ///< Plain text.
  std::vector<std::string> version_notes;    ///< What its author wrote of each version.
  std::string summary;                  ///< The refiner's one line of English; "" before it ran.
  std::vector<std::string> categories;  ///< "style", "character", … (categories.h), several.
  Rating rating = Rating::kUnrated;
  bool real_person = false;  ///< By card flag, tag or words.
  Licence licence;
  std::string sha256, autov2, autov3;  ///< Lower-case hex; "" for a card without a file hash.
  std::string file_name;               ///< Best known file name, "ukiyoe.safetensors"; may be "".
  std::vector<Place> places;
  std::vector<std::string> previews;         ///< Paths of pictures beside the file.
  std::vector<std::string> example_prompts;  ///< Positive prompts only.
  WeightAdvice advice;                       ///< Without the overlay; effective_weight() adds it.
  double frobenius_norm = 0;                 ///< Of the whole update; 0 when no file was read.
  std::int64_t rank = 0;                     ///< 0 when no file was read.
  std::string source;                        ///< "folder", "cards" or what the card says.
  Overlay overlay;
};

/// What holds for an adapter: the user's own value, else the card's.
[[nodiscard]] inline double effective_weight(const Adapter& adapter) {
  return adapter.overlay.weight.value_or(adapter.advice.weight);
}
/// Trigger entries that a plan may insert: the user's own, else the refiner's groups as comma
/// lists, else the card's.
[[nodiscard]] std::vector<std::string> trigger_entries(const Adapter& adapter);
[[nodiscard]] inline Rating effective_rating(const Adapter& adapter) {
  return adapter.overlay.rating.value_or(adapter.rating);
}
[[nodiscard]] inline const std::vector<std::string>& effective_triggers(const Adapter& adapter) {
  return adapter.overlay.triggers ? *adapter.overlay.triggers : adapter.triggers;
}

/// The texts of an adapter that search works on, with its row.
struct Document {
  AdapterRow row = 0;
  std::string name;
  std::vector<std::string> tags;
  std::vector<std::string> triggers;  ///< The user's own where set.
  /// The card's own text, after what a model saw in the pictures. What the rules make of the text
  /// is for people: searching Refinement::shows instead of the whole found less (hit@1 0.329
  /// against 0.337, hit@10 0.662 against 0.683 on the development keywords).
  std::string description;
  // For cards that say little of themselves:
  std::vector<std::string> prompt_words;  ///< Refinement::prompt_words.
  std::string file_name;                  ///< Best known; may be "".
};

}  // namespace stylus::catalog
