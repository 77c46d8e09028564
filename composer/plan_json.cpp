#include <cmath>
#include <nlohmann/json.hpp>

#include "composer/plan.h"

namespace stylus::composer {
namespace {

using Json = nlohmann::ordered_json;

/// Four decimals are more than any score or weight is worth, and they keep plans readable.
double rounded(double value) {
  const double four = std::round(value * 1e4) / 1e4;
  return four == 0 ? 0 : four;  // never "-0.0"
}

/// Fields that a newer version wrote go back to where they stood, after ours.
void add_unknown(Json& json, const std::string& fields) {
  const Json unknown = Json::parse(fields, nullptr, /*allow_exceptions=*/false);
  if (!unknown.is_object()) {
    return;
  }
  for (const auto& [key, value] : unknown.items()) {
    if (!json.contains(key)) {
      json[key] = value;
    }
  }
}

Json object_or_empty(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

Json to_json(const PlanPick& pick) {
  Json json;
  json["id"] = pick.id;
  json["name"] = pick.name;
  json["score"] = rounded(pick.score);
  Json evidence = Json::array();
  for (const Evidence& e : pick.evidence) {
    evidence.push_back({{"field", e.field}, {"match", e.match}});
  }
  json["evidence"] = std::move(evidence);
  add_unknown(json, pick.unknown_fields_json);
  return json;
}

Json to_json(const RunnerUp& runner) {
  Json json;
  json["id"] = runner.id;
  json["name"] = runner.name;
  json["score"] = rounded(runner.score);
  json["why_not"] = runner.why_not;
  add_unknown(json, runner.unknown_fields_json);
  return json;
}

Json to_json(const Keyword& keyword);
Json to_json(const PlanAdapter& adapter);
Json to_json(const PlanImage& image);

template <typename T>
Json list_to_json(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) {
    list.push_back(to_json(value));
  }
  return list;
}

Json to_json(const Keyword& keyword) {
  Json json;
  json["text"] = keyword.text;
  json["span"] = {keyword.begin, keyword.end};
  json["decision"] = keyword.decision;
  json["confidence"] = rounded(keyword.confidence);
  if (!keyword.reason.empty()) {
    json["reason"] = keyword.reason;
  }
  json["picks"] = list_to_json(keyword.picks);
  json["runners_up"] = list_to_json(keyword.runners_up);
  add_unknown(json, keyword.unknown_fields_json);
  return json;
}

Json to_json(const WeightEvidence& evidence) {
  Json json;
  json["source"] = evidence.source;
  json["base"] = rounded(evidence.base);
  if (evidence.median) {
    json["median"] = rounded(*evidence.median);
  }
  if (evidence.count) {
    json["count"] = *evidence.count;
  }
  if (!evidence.text.empty()) {
    json["text"] = evidence.text;
  }
  return json;
}

Json to_json(const PlanAdapter& adapter) {
  Json json;
  json["id"] = adapter.id;
  json["name"] = adapter.name;
  json["sha256"] = adapter.sha256;
  if (!adapter.autov3.empty()) {
    json["autov3"] = adapter.autov3;
  }
  json["file"] = adapter.file;
  json["kind"] = adapter.kind;
  json["base"] = adapter.base;
  json["weight"] = rounded(adapter.weight);
  json["text_encoder_weight"] = rounded(adapter.text_encoder_weight);
  json["weight_evidence"] = to_json(adapter.weight_evidence);
  json["keywords"] = adapter.keywords;
  Json triggers = Json::array();
  for (const PlanTrigger& trigger : adapter.triggers) {
    triggers.push_back({{"text", trigger.text}, {"inserted", trigger.inserted}});
  }
  json["triggers"] = std::move(triggers);
  json["licence"] = object_or_empty(adapter.licence_json);
  add_unknown(json, adapter.unknown_fields_json);
  return json;
}

Json to_json(const PlanImage& image) {
  Json json;
  json["seed"] = image.seed;
  json["mask"] = image.mask;
  add_unknown(json, image.unknown_fields_json);
  return json;
}

}  // namespace

std::string plan_to_json(const Plan& plan, int indent) {
  Json json;
  json["stylus_plan"] = 1;
  if (!plan.id.empty()) {
    json["id"] = plan.id;
  }
  json["prompt"] = plan.prompt;
  json["negative_prompt"] = plan.negative_prompt;
  json["base"] = plan.base;
  json["catalog"] = {{"revision", plan.catalog_revision}, {"adapters", plan.catalog_adapters}};
  json["encoder"] = plan.encoder;
  json["composer"] = {{"kind", plan.composer_kind},
                      {"options", object_or_empty(plan.composer_options_json)}};
  json["keywords"] = list_to_json(plan.keywords);
  json["adapters"] = list_to_json(plan.adapters);
  json["rendered_prompt"] = plan.rendered_prompt;
  json["images"] = list_to_json(plan.images);
  json["warnings"] = plan.warnings;
  add_unknown(json, plan.unknown_fields_json);
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace stylus::composer
