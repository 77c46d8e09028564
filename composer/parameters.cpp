#include "composer/parameters.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "composer/embedded_data.h"
#include "support/error.h"
#include "support/json.h"

namespace stylus::composer {
namespace {

using Json = nlohmann::json;

std::size_t feature_place(const std::string& name) {
  const auto found =
      std::find(kKeywordFeatureNames.begin(), kKeywordFeatureNames.end(), std::string_view(name));
  require(found != kKeywordFeatureNames.end(), ErrorCode::kUnsupported,
          "the composer's parameters name an unknown feature \"", name, "\"");
  return static_cast<std::size_t>(found - kKeywordFeatureNames.begin());
}

KeywordModel read_model(const Json& json) {
  KeywordModel model;
  model.bias = json.at("bias").get<double>();
  for (const Json& feature : json.at("features")) {
    model.terms.push_back({feature_place(feature.at("name").get<std::string>()),
                           feature.at("mean").get<double>(), feature.at("std").get<double>(),
                           feature.at("weight").get<double>()});
  }
  return model;
}

Parameters read_parameters(const Json& json) {
  Parameters read;
  read.candidates = json.at("candidates").get<std::size_t>();
  read.context_floor = json.at("context_floor").get<double>();
  read.keyword_threshold = json.at("thresholds").at("keyword").get<double>();
  read.named_threshold = json.at("thresholds").at("named").get<double>();
  const Json& named = json.at("named_model");
  read.named = {named.at("phrase_share").get<double>(), named.at("bias").get<double>(),
                named.at("lexical").get<double>(), named.at("phrase").get<double>(),
                named.at("lead").get<double>()};
  for (const auto& [name, model] : json.at("keyword_models").items()) {
    read.keyword_models.emplace(name, read_model(model));
  }
  read.typical_norms = json.at("typical_norms").get<std::map<std::string, double>>();
  return read;
}

}  // namespace

double KeywordModel::probability(const KeywordFeatures& features) const {
  double sum = bias;
  for (const Term& term : terms) {
    sum += term.weight * (features[term.feature] - term.mean) / term.std;
  }
  return 1 / (1 + std::exp(-sum));
}

const KeywordModel& Parameters::keyword_model(bool has_vectors, bool with_context) const {
  const std::string name =
      std::string(has_vectors ? "dense" : "lexical") + (with_context ? "_with_context" : "");
  const auto found = keyword_models.find(name);
  require(found != keyword_models.end(), ErrorCode::kCorruptData,
          "the composer's parameters lack the model \"", name, "\"");
  return found->second;
}

Parameters parse_parameters(std::string_view text, std::string_view what) {
  const Json json = parse_json(text, what);
  const bool ours = json.is_object() && json.contains("stylus_composer_parameters");
  require(ours && json["stylus_composer_parameters"] == 1, ErrorCode::kUnsupported, what,
          " is not a file of composer parameters of version 1; write it anew with "
          "tools/train_composer/train.py");
  try {
    return read_parameters(json);
  } catch (const Json::exception& error) {
    fail(ErrorCode::kCorruptData, what, " lacks something: ", error.what());
  }
}

const Parameters& parameters() {
  static const Parameters kParameters =
      parse_parameters(embedded_parameters(), "the built-in composer parameters");
  return kParameters;
}

}  // namespace stylus::composer
