#include "app/adapter_json.h"

namespace stylus::app {
namespace {

using Json = nlohmann::ordered_json;

Json licence_to_json(const catalog::Licence& licence) {
  Json json = Json::object();
  const auto put = [&json](const char* key, const auto& value) {
    if (value) {
      json[key] = *value;
    }
  };
  if (!licence.name.empty()) {
    json["name"] = licence.name;
  }
  if (!licence.commercial.empty()) {
    json["commercial"] = licence.commercial;
  }
  put("credit_required", licence.credit_required);
  put("derivatives", licence.derivatives);
  put("different_licence", licence.different_licence);
  return json;
}

Json overlay_to_json(const catalog::Overlay& overlay) {
  Json json = Json::object();
  if (overlay.favourite) {
    json["favourite"] = true;
  }
  if (overlay.blocked) {
    json["blocked"] = true;
  }
  if (overlay.weight) {
    json["weight"] = *overlay.weight;
  }
  if (overlay.triggers) {
    json["triggers"] = *overlay.triggers;
  }
  if (overlay.rating) {
    json["rating"] = rating_name(*overlay.rating);
  }
  if (!overlay.notes.empty()) {
    json["notes"] = overlay.notes;
  }
  return json;
}

Json places_to_json(const std::vector<catalog::Place>& places) {
  Json json = Json::array();
  for (const catalog::Place& place : places) {
    json.push_back(
        {{"path", place.path}, {"size_bytes", place.size_bytes}, {"missing", place.missing}});
  }
  return json;
}

}  // namespace

const char* rating_name(catalog::Rating rating) {
  switch (rating) {
    case catalog::Rating::kSafe:
      return "safe";
    case catalog::Rating::kAdult:
      return "adult";
    case catalog::Rating::kUnrated:
      break;
  }
  return "unrated";
}

const char* weight_source_name(catalog::WeightSource source) {
  switch (source) {
    case catalog::WeightSource::kUser:
      return "user";
    case catalog::WeightSource::kExamplePrompts:
      return "example_prompts";
    case catalog::WeightSource::kCard:
      return "card";
    case catalog::WeightSource::kModel:
      return "model";
    case catalog::WeightSource::kDefault:
      break;
  }
  return "default";
}

namespace {

Json groups_to_json(const std::vector<catalog::TriggerGroup>& groups) {
  Json json = Json::array();
  for (const catalog::TriggerGroup& group : groups) {
    json.push_back({{"label", group.label}, {"phrases", group.phrases}});
  }
  return json;
}

}  // namespace

Json adapter_to_json(const catalog::Adapter& adapter) {
  Json json;
  json["id"] = adapter.id;
  json["name"] = adapter.name;
  json["kind"] = adapter.kind;
  json["bases"] = adapter.bases;
  json["categories"] = adapter.categories;
  json["rating"] = rating_name(catalog::effective_rating(adapter));
  json["real_person"] = adapter.real_person;
  json["weight"] = catalog::effective_weight(adapter);
  json["weight_evidence"] = {
      {"source", adapter.overlay.weight ? "user" : weight_source_name(adapter.advice.source)},
      {"count", adapter.advice.count},
      {"text", adapter.advice.evidence}};
  json["triggers"] = adapter.triggers;
  json["trigger_groups"] = groups_to_json(adapter.trigger_groups);
  json["summary"] = adapter.summary;
  json["tags"] = adapter.tags;
  json["description"] = adapter.description;
  json["version_notes"] = adapter.version_notes;
  json["example_prompts"] = adapter.example_prompts;
  json["licence"] = licence_to_json(adapter.licence);
  json["file"] = adapter.file_name;
  json["sha256"] = adapter.sha256;
  json["autov2"] = adapter.autov2;
  json["autov3"] = adapter.autov3;
  json["rank"] = adapter.rank;
  json["frobenius_norm"] = adapter.frobenius_norm;
  json["places"] = places_to_json(adapter.places);
  json["previews"] = adapter.previews;
  json["source"] = adapter.source;
  json["overlay"] = overlay_to_json(adapter.overlay);
  return json;
}

}  // namespace stylus::app
