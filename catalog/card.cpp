#include "catalog/card.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::catalog {
namespace {

using nlohmann::json;

void take(std::string& target, const std::string& candidate) {
  if (target.empty()) {
    target = candidate;
  }
}

template <typename Value>
void take(std::vector<Value>& target, const std::vector<Value>& candidate) {
  if (target.empty()) {
    target = candidate;
  }
}

template <typename Value>
void take(std::optional<Value>& target, const std::optional<Value>& candidate) {
  if (!target) {
    target = candidate;
  }
}

/// The more careful of two ratings.
std::optional<Rating> careful(std::optional<Rating> a, std::optional<Rating> b) {
  for (const Rating rating : {Rating::kAdult, Rating::kSafe, Rating::kUnrated}) {
    if (a == rating || b == rating) {
      return rating;
    }
  }
  return std::nullopt;
}

void take_new(std::vector<std::string>& target, const std::vector<std::string>& more) {
  for (const std::string& item : more) {
    if (std::find(target.begin(), target.end(), item) == target.end()) {
      target.push_back(item);
    }
  }
}

json optional_flag(const std::optional<bool>& flag) { return flag ? json(*flag) : json(); }

std::optional<bool> flag_of(const json& value) {
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t limit_bytes) {
  // Cut before the repair: it is linear, but a foreign text may be megabytes long.
  std::string clean = repair_utf8(truncate_utf8(text, limit_bytes));
  std::erase(clean, '\r');
  for (char& c : clean) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n' && c != '\t') || code == 0x7F) {
      c = ' ';
    }
  }
  return std::string(trim(truncate_utf8(clean, limit_bytes)));
}

std::string clean_line(std::string_view text, std::size_t limit_bytes) {
  return collapse_blanks(clean_text(text, limit_bytes));
}

Card merge_cards(const std::vector<Card>& strongest_first) {
  Card merged;
  for (const Card& card : strongest_first) {
    take(merged.id, card.id);
    take(merged.name, card.name);
    take(merged.kind, card.kind);
    take(merged.bases, card.bases);
    take(merged.tags, card.tags);
    take(merged.triggers, card.triggers);
    take(merged.description, card.description);
    take(merged.version_notes, card.version_notes);
    take(merged.licence.name, card.licence.name);
    take(merged.licence.commercial, card.licence.commercial);
    take(merged.licence.credit_required, card.licence.credit_required);
    take(merged.licence.derivatives, card.licence.derivatives);
    take(merged.licence.different_licence, card.licence.different_licence);
    take(merged.file_names, card.file_names);
    take(merged.example_prompts, card.example_prompts);
    take(merged.source, card.source);
    take_new(merged.hashes, card.hashes);
    merged.rating = careful(merged.rating, card.rating);
    merged.real_person = merged.real_person || card.real_person;
    merged.downloads = std::max(merged.downloads, card.downloads);
    if (card.advice.source < merged.advice.source) {
      merged.advice = card.advice;
    }
  }
  return merged;
}

std::string card_to_json(const Card& card) {
  return json{
      {"id", card.id},
      {"name", card.name},
      {"kind", card.kind},
      {"bases", card.bases},
      {"tags", card.tags},
      {"triggers", card.triggers},
      {"description", card.description},
      {"version_notes", card.version_notes},
      {"rating", card.rating ? json(static_cast<int>(*card.rating)) : json()},
      {"real_person", card.real_person},
      {"licence",
       {{"name", card.licence.name},
        {"commercial", card.licence.commercial},
        {"credit_required", optional_flag(card.licence.credit_required)},
        {"derivatives", optional_flag(card.licence.derivatives)},
        {"different_licence", optional_flag(card.licence.different_licence)}}},
      {"hashes", card.hashes},
      {"file_names", card.file_names},
      {"example_prompts", card.example_prompts},
      {"weight",
       {{"value", card.advice.weight},
        {"source", static_cast<int>(card.advice.source)},
        {"count", card.advice.count},
        {"evidence", card.advice.evidence}}},
      {"downloads", card.downloads},
      {"source", card.source},
  }
      .dump();
}

Card card_from_json(std::string_view text) {
  const json stored = parse_json(text, "a stored source of the catalogue");
  try {
    Card card;
    card.id = stored.at("id").get<std::string>();
    card.name = stored.at("name").get<std::string>();
    card.kind = stored.at("kind").get<std::string>();
    card.bases = stored.at("bases").get<std::vector<std::string>>();
    card.tags = stored.at("tags").get<std::vector<std::string>>();
    card.triggers = stored.at("triggers").get<std::vector<std::string>>();
    card.description = stored.at("description").get<std::string>();
    card.version_notes =  // Schema 2 had none.
        stored.value("version_notes", std::vector<std::string>());
    if (!stored.at("rating").is_null()) {
      card.rating = static_cast<Rating>(std::clamp(stored.at("rating").get<int>(), 0, 2));
    }
    card.real_person = stored.at("real_person").get<bool>();
    const json& licence = stored.at("licence");
    card.licence.name = licence.at("name").get<std::string>();
    card.licence.commercial = licence.at("commercial").get<std::string>();
    card.licence.credit_required = flag_of(licence.at("credit_required"));
    card.licence.derivatives = flag_of(licence.at("derivatives"));
    card.licence.different_licence = flag_of(licence.at("different_licence"));
    card.hashes = stored.at("hashes").get<std::vector<std::string>>();
    card.file_names = stored.at("file_names").get<std::vector<std::string>>();
    card.example_prompts = stored.at("example_prompts").get<std::vector<std::string>>();
    const json& weight = stored.at("weight");
    card.advice.weight = weight.at("value").get<double>();
    card.advice.source =
        static_cast<WeightSource>(std::clamp(weight.at("source").get<int>(), 0, 3));
    card.advice.count = weight.at("count").get<int>();
    card.advice.evidence = weight.at("evidence").get<std::string>();
    card.downloads = stored.at("downloads").get<std::int64_t>();
    card.source = stored.at("source").get<std::string>();
    return card;
  } catch (const json::exception& error) {
    fail(ErrorCode::kCorruptData,
         "a stored source of the catalogue is not as we write it: ", error.what(),
         "; move catalog.db away and import again");
  }
}

}  // namespace stylus::catalog
