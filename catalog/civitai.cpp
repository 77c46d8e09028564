#include "catalog/civitai.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "catalog/html.h"
#include "catalog/json_fields.h"
#include "catalog/safety.h"
#include "catalog/weight_text.h"
#include "support/error.h"
#include "support/text.h"
#include "weights/base_family.h"

namespace stylus::catalog {
namespace {

using nlohmann::json;

constexpr double kLargestWeight = 2.0;

template <typename Value>
void append_new(std::vector<Value>& target, const std::vector<Value>& more, std::size_t limit) {
  for (const Value& item : more) {
    if (target.size() < limit && std::find(target.begin(), target.end(), item) == target.end()) {
      target.push_back(item);
    }
  }
}

Licence licence_of_model(const json& model) {
  Licence licence;
  licence.commercial = commercial_use(field(model, {"allowCommercialUse"}));
  if (const auto no_credit = flag_field(model, {"allowNoCredit"})) {
    licence.credit_required = !*no_credit;
  }
  licence.derivatives = flag_field(model, {"allowDerivatives"});
  licence.different_licence = flag_field(model, {"allowDifferentLicense", "allowDifferentLicence"});
  return licence;
}

void read_version_files(const json& version, Card& card) {
  const json* files = field(version, {"files"});
  if (files == nullptr || !files->is_array()) {
    return;
  }
  for (const json& file : *files) {
    const std::string type = line_field(file, {"type"});
    if (!type.empty() && type != "Model" && type != "Negative") {
      continue;  // training data, configuration
    }
    append_new(card.file_names, {line_field(file, {"name"})}, kMaxItems);
    if (const json* hashes = field(file, {"hashes"})) {
      append_new(card.hashes, {sha256_of(line_field(*hashes, {"SHA256", "sha256"}))}, kMaxItems);
    }
  }
  std::erase(card.file_names, "");
  std::erase(card.hashes, "");
}

void read_version_prompts(const json& version, Card& card) {
  const json* images = field(version, {"images"});
  if (images == nullptr || !images->is_array()) {
    return;
  }
  for (const json& image : *images) {
    if (const json* meta = field(image, {"meta"})) {
      std::string prompt = text_field(*meta, {"prompt"}, kMaxPromptBytes);
      if (!prompt.empty()) {
        append_new(card.example_prompts, {std::move(prompt)}, kMaxPrompts);
      }
    }
  }
}

void read_version(const json& version, ExamplePrompts prompts, Card& card) {
  append_new(card.version_notes,
             {html_to_text(text_field(version, {"description"}, kMaxVersionNoteBytes))},
             kMaxVersions);
  std::erase(card.version_notes, "");
  add_base(line_field(version, {"baseModel"}), card.bases);
  append_new(card.triggers, list_field(version, {"trainedWords"}), kMaxItems);
  read_version_files(version, card);
  if (prompts == ExamplePrompts::kKeep) {
    read_version_prompts(version, card);
  }
}

void read_advice(Card& card) {
  std::vector<std::string> stems;
  for (const std::string& name : card.file_names) {
    stems.push_back(name.substr(0, name.rfind('.')));
  }
  const std::vector<double> used = weights_in_prompts(card.example_prompts, stems);
  if (!used.empty()) {
    card.advice = {median(used), WeightSource::kExamplePrompts, static_cast<int>(used.size()), ""};
  }
  read_weight_from_texts(card);
}

}  // namespace

Card card_of_model(const json& model, ExamplePrompts prompts) {
  Card card;
  const std::optional<std::int64_t> id = integer_field(model, {"id"});
  require(id && *id > 0, ErrorCode::kCorruptData, "the model object has no id");
  card.id = "civitai:" + std::to_string(*id);
  card.kind = kind_of_type(line_field(model, {"type"}), card.id);
  card.name = line_field(model, {"name"});
  card.tags = list_field(model, {"tags"});
  card.description = html_to_text(text_field(model, {"description"}, kMaxDescriptionBytes));
  card.licence = licence_of_model(model);
  const json& versions = model.at("modelVersions");
  if (versions.is_array()) {
    for (const json& version : versions) {
      read_version(version, prompts, card);
    }
  }
  const SafetyFlags flags{flag_field(model, {"nsfw"}), integer_field(model, {"nsfwLevel"}),
                          flag_field(model, {"poi"})};
  card.rating = rating_of(flags, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person(flags, card.name, card.tags);
  if (const json* stats = field(model, {"stats"})) {
    card.downloads =
        std::max<std::int64_t>(0, integer_field(*stats, {"downloadCount"}).value_or(0));
  }
  card.source = "civitai";
  read_advice(card);
  return card;
}

Card card_of_version(const json& version, ExamplePrompts prompts) {
  Card card;
  static const json kNothing = json::object();
  const json* inner = field(version, {"model"});
  const json& model = inner != nullptr && inner->is_object() ? *inner : kNothing;
  std::optional<std::int64_t> id = integer_field(version, {"modelId"});
  if (id && *id > 0) {
    card.id = "civitai:" + std::to_string(*id);
  }
  card.kind = kind_of_type(line_field(model, {"type"}), "the model");
  card.name = line_field(model, {"name"});
  card.tags = list_field(model, {"tags"});
  card.description = html_to_text(text_field(model, {"description"}, kMaxDescriptionBytes));
  card.licence = licence_of_model(model);
  read_version(version, prompts, card);
  if (card.description.empty()) {
    // The version's own text is all that is said.
    card.description = html_to_text(text_field(version, {"description"}, kMaxDescriptionBytes));
    card.version_notes.clear();
  }
  const SafetyFlags flags{flag_field(model, {"nsfw"}), integer_field(version, {"nsfwLevel"}),
                          flag_field(model, {"poi"})};
  card.rating = rating_of(flags, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person(flags, card.name, card.tags);
  card.source = card.id.empty() ? "" : "civitai";
  read_advice(card);
  return card;
}

std::string commercial_use(const json* value) {
  if (value == nullptr) {
    return "";
  }
  std::set<std::string> allowed;
  for (const std::string& item : list_of(*value, 16, 64)) {
    // Older answers hold a set in braces: "{Image,RentCivit}".
    std::string bare = item;
    std::erase_if(bare, [](char c) { return c == '{' || c == '}' || c == '"'; });
    for (std::string& part : split_list(bare, ',')) {
      allowed.insert(to_lower(part));
    }
  }
  const auto has = [&allowed](const char* word) { return allowed.count(word) != 0; };
  const bool rent = has("rent") || has("rentcivit");
  if (has("sell")) {
    return "Sell";
  }
  // One word is a step of the old ladder, where renting includes selling images.
  if (rent && (has("image") || value->is_string())) {
    return "Rent";
  }
  if (has("image")) {
    return "Image";
  }
  return value->is_array() || has("none") || rent ? "None" : "";
}

void add_base(std::string_view spelling, std::vector<std::string>& bases) {
  std::string slug = weights::base_family(spelling);
  if (!slug.empty() && std::find(bases.begin(), bases.end(), slug) == bases.end()) {
    bases.push_back(std::move(slug));
  }
}

bool is_plausible_weight(double weight) {
  return weight != 0 && std::abs(weight) <= kLargestWeight;
}

void read_weight_from_texts(Card& card, const std::string& hint) {
  if (card.advice.source != WeightSource::kDefault) {
    return;
  }
  std::optional<TextWeight> found = weight_from_text(card.description);
  for (std::size_t i = 0; !found && i < card.version_notes.size(); ++i) {
    found = weight_from_text(card.version_notes[i]);
  }
  if (!found) {
    found = weight_from_text(hint);
  }
  if (found) {
    card.advice = {found->weight, WeightSource::kCard, 0,
                   clean_line(found->evidence, kMaxNameBytes)};
  }
}

}  // namespace stylus::catalog
