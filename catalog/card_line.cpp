#include "catalog/card_line.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "catalog/civitai.h"
#include "catalog/json_fields.h"
#include "catalog/safety.h"
#include "catalog/weight_text.h"
#include "support/error.h"
#include "support/json.h"
#include "support/text.h"
#include "weights/base_family.h"

namespace stylus::catalog {
namespace {

using nlohmann::json;

std::string id_of(const json& card) {
  const json* id = field(card, {"id"});
  require(id != nullptr, ErrorCode::kCorruptData, "the card has no id");
  if (id->is_string()) {
    std::string text = clean_line(id->get_ref<const std::string&>(), kMaxNameBytes);
    require(!text.empty(), ErrorCode::kCorruptData, "the card's id is empty");
    return text;
  }
  const std::optional<std::int64_t> number = integer_field(card, {"id"});
  require(number && *number > 0, ErrorCode::kCorruptData,
          "the card's id is neither a text nor a positive whole number");
  return "civitai:" + std::to_string(*number);
}

Licence licence_of(const json& card) {
  Licence licence;
  licence.name = line_field(card, {"licence", "license"});
  const json* flags = field(card, {"licence_flags", "license_flags"});
  if (flags != nullptr) {
    licence.commercial = commercial_use(field(*flags, {"commercial"}));
    if (const auto no_credit = flag_field(*flags, {"no_credit"})) {
      licence.credit_required = !*no_credit;
    }
    licence.derivatives = flag_field(*flags, {"derivatives"});
    licence.different_licence = flag_field(*flags, {"other_licence"});
  }
  return licence;
}

/// Median of the strengths in the card's own example prompts, as far as the list counted them
/// before it took the tags out.
std::optional<WeightAdvice> counted_weight(const json& json_card) {
  const json* counted = field(json_card, {"observed_weights"});
  if (counted == nullptr) {
    return std::nullopt;
  }
  const std::optional<double> value = number_field(*counted, {"median"});
  const std::int64_t count = integer_field(*counted, {"n"}).value_or(0);
  if (!value || !is_plausible_weight(*value) || count < 1 || count > 1'000'000) {
    return std::nullopt;
  }
  return WeightAdvice{*value, WeightSource::kExamplePrompts, static_cast<int>(count), ""};
}

/// Strength that the card's own example prompts use, else one that the card states as a number.
WeightAdvice stated_weight(const json& json_card, const Card& card, ExamplePrompts prompts) {
  WeightAdvice advice;
  if (prompts == ExamplePrompts::kKeep) {
    if (const std::optional<WeightAdvice> counted = counted_weight(json_card)) {
      return *counted;
    }
    std::vector<std::string> stems;
    for (const std::string& name : card.file_names) {
      stems.push_back(std::filesystem::path(name).stem().string());
    }
    const std::vector<double> used = weights_in_prompts(card.example_prompts, stems);
    if (!used.empty()) {
      return {median(used), WeightSource::kExamplePrompts, static_cast<int>(used.size()), ""};
    }
  }
  if (const json* weight = field(json_card, {"weight"})) {
    const std::optional<double> value = weight->is_object() ? number_field(*weight, {"value"})
                                                            : number_field(json_card, {"weight"});
    if (value && is_plausible_weight(*value)) {
      return {*value, WeightSource::kCard, 0, "weight"};
    }
  }
  return advice;
}

void read_files(const json& json_card, Card& card) {
  card.file_names = list_field(json_card, {"file_names"});
  const json* files = field(json_card, {"files"});
  if (files == nullptr || !files->is_array()) {
    return;
  }
  for (const json& file : *files) {
    std::string hash = sha256_of(line_field(file, {"sha256"}));
    if (!hash.empty() && card.hashes.size() < kMaxItems) {
      card.hashes.push_back(std::move(hash));
    }
  }
}

Card own_shape(const json& json_card, ExamplePrompts prompts) {
  Card card;
  card.id = id_of(json_card);
  card.kind = kind_of_type(line_field(json_card, {"type"}), card.id);
  card.name = line_field(json_card, {"name"});
  for (const std::string& spelling : list_field(json_card, {"base_model", "baseModel", "base"})) {
    add_base(spelling, card.bases);
  }
  card.tags = list_field(json_card, {"tags"});
  card.triggers = list_field(json_card, {"trained_words", "trainedWords", "triggers"});
  card.description =
      text_field(json_card, {"description_text", "description"}, kMaxDescriptionBytes);
  card.licence = licence_of(json_card);
  read_files(json_card, card);
  if (prompts == ExamplePrompts::kKeep) {
    if (const json* examples = field(json_card, {"example_prompts"})) {
      card.example_prompts = list_of(*examples, kMaxPrompts, kMaxPromptBytes);
    }
  }
  const SafetyFlags flags{flag_field(json_card, {"nsfw"}),
                          integer_field(json_card, {"nsfw_level", "nsfwLevel"}),
                          flag_field(json_card, {"poi", "real_person"})};
  card.rating = rating_of(flags, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person(flags, card.name, card.tags);
  card.source = line_field(json_card, {"source"});
  if (const json* stats = field(json_card, {"stats"})) {
    card.downloads = std::max<std::int64_t>(0, integer_field(*stats, {"downloads"}).value_or(0));
  }
  if (const json* notes = field(json_card, {"version_notes"})) {
    card.version_notes = list_of(*notes, kMaxVersions, kMaxVersionNoteBytes);
  }
  card.advice = stated_weight(json_card, card, prompts);
  read_weight_from_texts(card);
  return card;
}

}  // namespace

std::string kind_of_type(std::string_view type, std::string_view what) {
  const std::string lower = to_lower(trim(type));
  for (const std::string_view lora : {"", "lora", "locon", "lycoris", "dora", "loha", "lokr"}) {
    if (lower == lora) {
      return "lora";
    }
  }
  for (const std::string_view embedding :
       {"textualinversion", "embedding", "textual_inversion", "textual inversion"}) {
    if (lower == embedding) {
      return "textual_inversion";
    }
  }
  require(lower == "control_lora", ErrorCode::kUnsupported, what, " is of type '",
          truncate_utf8(type, 100), "', which is no adapter");
  return lower;
}

Card read_card_line(std::string_view line, ExamplePrompts prompts) {
  const json card = parse_json(line, "the card", {.max_bytes = kMaxCardBytes, .max_depth = 32});
  require(card.is_object(), ErrorCode::kCorruptData, "the card is not a JSON object");
  return field(card, {"modelVersions"}) != nullptr ? card_of_model(card, prompts)
                                                   : own_shape(card, prompts);
}

}  // namespace stylus::catalog
