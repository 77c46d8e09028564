#include "catalog/sidecars.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "catalog/civitai.h"
#include "catalog/html.h"
#include "catalog/json_fields.h"
#include "catalog/safety.h"
#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

using nlohmann::json;

struct Ending {
  std::string_view text;
  SidecarKind kind;
};

/// Longer endings before those that they end in; the rest in order of strength.
constexpr std::array<Ending, 7> kEndings = {{
    {".metadata.json", SidecarKind::kLoraManager},
    {".civitai.info", SidecarKind::kCivitaiInfo},
    {".cm-info.json", SidecarKind::kStabilityMatrix},
    {".swarm.json", SidecarKind::kSwarm},
    {".description.txt", SidecarKind::kDescriptionText},
    {".json", SidecarKind::kUserJson},
    {".txt", SidecarKind::kDescriptionText},
}};

constexpr std::array<std::string_view, 10> kPictures = {".png",  ".jpg", ".jpeg", ".webp", ".gif",
                                                        ".avif", ".jxl", ".mp4",  ".webm", ".bmp"};
constexpr std::array<std::string_view, 3> kPictureInfixes = {"", ".preview", ".thumb"};
constexpr int kMaxExamplePictures = 20;

bool ends_with(std::string_view text, std::string_view ending) {
  return text.size() > ending.size() && text.substr(text.size() - ending.size()) == ending;
}

WeightAdvice users_weight(std::optional<double> weight, std::string_view evidence) {
  return weight && is_plausible_weight(*weight)
             ? WeightAdvice{*weight, WeightSource::kUser, 0, std::string(evidence)}
             : WeightAdvice{};
}

/// civitai-helper joins trigger entries by "||" where they hold commas themselves.
std::vector<std::string> activation_entries(const std::string& text) {
  std::vector<std::string> entries;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find("||", begin), text.size());
    const std::string_view entry = trim(std::string_view(text).substr(begin, end - begin));
    if (!entry.empty()) {
      entries.emplace_back(entry);
    }
    begin = end + 2;
  }
  return entries;
}

Card invoke_record(const json& record) {
  Card card;
  card.name = line_field(record, {"name"});
  card.description = text_field(record, {"description"}, kMaxDescriptionBytes);
  card.triggers = list_field(record, {"trigger_phrases"});
  card.kind = kind_of_type(line_field(record, {"type"}), "the record");
  add_base(line_field(record, {"base"}), card.bases);
  if (const json* settings = field(record, {"default_settings"})) {
    card.advice = users_weight(number_field(*settings, {"weight"}), "InvokeAI default weight");
  }
  return card;
}

Card a1111_user_data(const json& data) {
  Card card;
  card.description = text_field(data, {"description"}, kMaxDescriptionBytes);
  const std::string notes = text_field(data, {"notes"}, kMaxDescriptionBytes);
  if (card.description.empty()) {
    card.description = notes;
  }
  card.triggers = activation_entries(text_field(data, {"activation text"}, kMaxItemBytes));
  add_base(line_field(data, {"sd version"}), card.bases);
  card.advice = users_weight(number_field(data, {"preferred weight"}), "preferred weight");
  return card;
}

bool has_any(const json& object, Names names) { return field(object, names) != nullptr; }

std::optional<Card> user_json(const json& data, ExamplePrompts prompts) {
  if (has_any(data, {"activation text", "preferred weight", "sd version", "negative text"})) {
    return a1111_user_data(data);
  }
  if (has_any(data, {"base", "trigger_phrases"}) && has_any(data, {"key", "hash"}) &&
      has_any(data, {"type"})) {
    return invoke_record(data);
  }
  if (has_any(data, {"modelId"}) || has_any(data, {"trainedWords"})) {
    return card_of_version(data, prompts);
  }
  return std::nullopt;
}

/// Lora-Manager keeps the strength that its user set as JSON inside a text.
WeightAdvice usage_tips(const json& data) {
  const json* tips = field(data, {"usage_tips"});
  if (tips == nullptr || !tips->is_string()) {
    return {};
  }
  json parsed;
  try {
    parsed = parse_json(tips->get_ref<const std::string&>(), "usage_tips",
                        {.max_bytes = std::size_t{64} << 10U, .max_depth = 8});
  } catch (const Error&) {
    return {};  // A broken setting is silence; the rest of the sidecar counts.
  }
  const std::optional<double> strength = number_field(parsed, {"strength"});
  const std::optional<double> low = number_field(parsed, {"strength_min"});
  const std::optional<double> high = number_field(parsed, {"strength_max"});
  if (!strength && low && high) {
    return users_weight((*low + *high) / 2, "usage_tips strength range");
  }
  return users_weight(strength, "usage_tips strength");
}

Card lora_manager(const json& data, ExamplePrompts prompts) {
  Card card;
  card.name = line_field(data, {"model_name"});
  add_base(line_field(data, {"base_model"}), card.bases);
  card.tags = list_field(data, {"tags"});
  card.description = html_to_text(text_field(data, {"modelDescription"}, kMaxDescriptionBytes));
  const std::string hash = sha256_of(line_field(data, {"sha256"}));
  if (!hash.empty()) {
    card.hashes.push_back(hash);
  }
  card.advice = usage_tips(data);
  Card origin;
  if (const json* civitai = field(data, {"civitai"})) {
    origin = card_of_version(*civitai, prompts);
  }
  card.rating = rating_of({}, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person({}, card.name, card.tags);
  Card merged = merge_cards({card, origin});
  if (merged.description.empty()) {
    merged.description = text_field(data, {"notes"}, kMaxDescriptionBytes);
  }
  return merged;
}

Card stability_matrix(const json& data) {
  Card card;
  const std::optional<std::int64_t> id = integer_field(data, {"ModelId"});
  const std::string source = line_field(data, {"Source"});
  if (id && *id > 0 && (source.empty() || source == "Civitai" || source == "0")) {
    card.id = "civitai:" + std::to_string(*id);
    card.source = "civitai";
  }
  card.name = line_field(data, {"UserTitle"});
  if (card.name.empty()) {
    card.name = line_field(data, {"ModelName"});
  }
  card.kind = kind_of_type(line_field(data, {"ModelType"}), "the model");
  add_base(line_field(data, {"BaseModel"}), card.bases);
  card.tags = list_field(data, {"Tags"});
  card.triggers = list_field(data, {"TrainedWords"});
  card.description = html_to_text(text_field(data, {"ModelDescription"}, kMaxDescriptionBytes));
  if (card.description.empty()) {
    card.description = html_to_text(text_field(data, {"VersionDescription"}, kMaxDescriptionBytes));
  }
  if (const json* hashes = field(data, {"Hashes"})) {
    const std::string hash = sha256_of(line_field(*hashes, {"SHA256"}));
    if (!hash.empty()) {
      card.hashes.push_back(hash);
    }
  }
  const SafetyFlags flags{flag_field(data, {"Nsfw"}), std::nullopt, std::nullopt};
  card.rating = rating_of(flags, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person(flags, card.name, card.tags);
  read_weight_from_texts(card);
  return card;
}

Card swarm(const json& data) {
  Card card;
  card.name = line_field(data, {"modelspec.title", "title"});
  card.description = html_to_text(
      text_field(data, {"modelspec.description", "description"}, kMaxDescriptionBytes));
  card.triggers = list_field(
      data, {"modelspec.trigger_phrase", "trigger_phrase", "trainedWords", "TrainedWords"});
  for (const std::string& tags : list_field(data, {"modelspec.tags", "tags"})) {
    for (std::string& tag : split_list(tags, ',')) {
      card.tags.push_back(clean_line(tag, kMaxNameBytes));
    }
  }
  add_base(line_field(data, {"modelspec.architecture", "architecture"}), card.bases);
  card.licence.name = line_field(data, {"modelspec.license", "license"});
  card.rating = rating_of({}, card.name, card.tags, card.triggers);
  card.real_person = shows_real_person({}, card.name, card.tags);
  const std::string hint = text_field(data, {"modelspec.usage_hint", "usage_hint"}, kMaxItemBytes);
  read_weight_from_texts(card, hint);
  return card;
}

}  // namespace

SidecarSet find_sidecars(const std::filesystem::path& folder, const std::string& stem,
                         const std::set<std::string>& names, std::set<std::string>& used) {
  SidecarSet set;
  const auto take = [&](const std::string& name) {
    const bool there = names.count(name) != 0;
    if (there) {
      used.insert(name);
    }
    return there;
  };
  for (const Ending& ending : kEndings) {
    if (const std::string name = stem + std::string(ending.text); take(name)) {
      set.files.push_back({ending.kind, folder / name});
    }
  }
  std::stable_sort(set.files.begin(), set.files.end(),
                   [](const Sidecar& a, const Sidecar& b) { return a.kind < b.kind; });
  for (const std::string_view infix : kPictureInfixes) {
    for (const std::string_view picture : kPictures) {
      if (const std::string name = stem + std::string(infix).append(picture); take(name)) {
        set.previews.push_back((folder / name).string());
      }
    }
  }
  for (int i = 0; i < kMaxExamplePictures; ++i) {
    for (const std::string_view picture : kPictures) {
      const std::string name = stem + ".example." + std::to_string(i) + std::string(picture);
      if (take(name)) {
        set.previews.push_back((folder / name).string());
      }
    }
  }
  return set;
}

std::optional<std::string> sidecar_stem(const std::string& name) {
  for (const Ending& ending : kEndings) {
    if (ends_with(name, ending.text)) {
      return ending.kind == SidecarKind::kDescriptionText
                 ? std::nullopt
                 : std::optional(name.substr(0, name.size() - ending.text.size()));
    }
  }
  return std::nullopt;
}

std::optional<Card> read_sidecar(SidecarKind kind, std::string_view text, ExamplePrompts prompts) {
  if (kind == SidecarKind::kDescriptionText) {
    Card card;
    card.description = html_to_text(clean_text(text, kMaxDescriptionBytes));
    read_weight_from_texts(card);
    return card;
  }
  const json data = parse_json(text, "the sidecar", {.max_bytes = kMaxCardBytes, .max_depth = 32});
  if (!data.is_object()) {
    return std::nullopt;
  }
  switch (kind) {
    case SidecarKind::kUserJson:
      return user_json(data, prompts);
    case SidecarKind::kLoraManager:
      return lora_manager(data, prompts);
    case SidecarKind::kCivitaiInfo:
      return card_of_version(data, prompts);
    case SidecarKind::kStabilityMatrix:
      return stability_matrix(data);
    case SidecarKind::kSwarm:
      return swarm(data);
    case SidecarKind::kDescriptionText:
      break;
  }
  return std::nullopt;
}

}  // namespace stylus::catalog
