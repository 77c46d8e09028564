#include "composer/plan_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "composer/common_words.h"

namespace stylus::composer {
namespace {

using Json = nlohmann::ordered_json;

Json filter_to_json(const catalog::Filter& filter) {
  Json json;
  json["base"] = filter.base;
  json["allow_nsfw"] = filter.allow_nsfw;
  json["allow_unrated"] = filter.allow_unrated;
  json["allow_people"] = filter.allow_people;
  json["licence"] = filter.licence;
  json["folder"] = filter.folder;
  json["tags"] = filter.tags;
  json["only_installed"] = filter.only_installed;
  json["blocked"] = filter.blocked;
  json["kinds"] = filter.kinds;
  return json;
}

Json compose_options(const ComposeOptions& options) {
  Json json;
  json["filter"] = filter_to_json(options.filter);
  json["max_adapters"] = options.max_adapters;
  json["max_per_keyword"] = options.max_per_keyword;
  json["max_styles"] = options.max_styles;
  json["weights"] = options.weights == WeightRule::kBudget ? "budget" : "paper";
  json["weight_budget"] = options.weight_budget;
  json["insert_triggers"] = options.insert_triggers;
  json["threshold"] = options.threshold < 0 ? Json() : Json(options.threshold);
  json["prompt_context"] = options.prompt_context;
  Json pinned = Json::object();
  for (const auto& [id, weight] : options.pinned) {
    pinned[id] = weight ? Json(*weight) : Json();
  }
  json["pinned"] = std::move(pinned);
  return json;
}

}  // namespace

std::string options_to_json(const ComposeOptions& options) {
  return compose_options(options).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string options_to_json(const ComposeOptions& options, const LlmOptions& llm,
                            const std::string& model) {
  Json json = compose_options(options);
  json["model"] = model;
  json["candidates"] = llm.candidates;
  json["second_turn"] = llm.second_turn;
  json["prompt_version"] = kLlmPromptVersion;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string licence_to_json(const catalog::Licence& licence) {
  Json json = Json::object();
  if (!licence.name.empty()) {
    json["name"] = licence.name;
  }
  if (!licence.commercial.empty()) {
    json["commercial"] = licence.commercial;
  }
  const auto add = [&json](const char* key, const std::optional<bool>& flag) {
    if (flag) {
      json[key] = *flag;
    }
  };
  add("credit_required", licence.credit_required);
  add("derivatives", licence.derivatives);
  add("different_licence", licence.different_licence);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_generic_trigger(const retriever::Retriever& retriever, std::string_view phrase) {
  const auto adapters = static_cast<std::int64_t>(retriever.size());
  return only_common_words(phrase) ||
         retriever.trigger_frequency(phrase) >= std::max<std::int64_t>(8, adapters / 400);
}

}  // namespace stylus::composer
