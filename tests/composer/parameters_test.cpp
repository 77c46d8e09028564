#include "composer/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "composer/embedded_data.h"
#include "tests/error_code_of.h"

namespace stylus::composer {
namespace {

TEST(Parameters, AreBuiltIn) {
  EXPECT_GT(parameters().candidates, 0U);
  for (const bool vectors : {false, true}) {
    for (const bool context : {false, true}) {
      EXPECT_FALSE(parameters().keyword_model(vectors, context).terms.empty());
    }
  }
}

TEST(Parameters, RefuseAnotherVersion) {
  EXPECT_EQ(error_code_of([] { return parse_parameters("{}", "x"); }), ErrorCode::kUnsupported);
  EXPECT_EQ(
      error_code_of([] { return parse_parameters("{\"stylus_composer_parameters\":1}", "x"); }),
      ErrorCode::kCorruptData);
}

TEST(Parameters, RefuseAFeatureThatTheProgramDoesNotHave) {
  auto json = nlohmann::json::parse(embedded_parameters());
  json["keyword_models"]["dense"]["features"][0]["name"] = "popularity";

  EXPECT_EQ(error_code_of([&] { return parse_parameters(json.dump(), "x"); }),
            ErrorCode::kUnsupported);
}

TEST(KeywordModel, IsALogisticRegression) {
  KeywordModel model;
  model.bias = -1;
  model.terms = {{0, 2, 4, 3}};
  KeywordFeatures features = {};
  features[0] = 6;

  EXPECT_NEAR(model.probability(features), 1 / (1 + std::exp(-2.0)), 1e-12);
}

TEST(KeywordFeatures, CountAnUnknownWordAsTheRarest) {
  retriever::Ranking ranking;
  ranking.candidates.resize(2);

  const KeywordFeatures features = keyword_features(ranking, 1, 3.5, {5155, 2286, true});

  EXPECT_EQ(features[8], 0.75);
  EXPECT_EQ(features[12], 3.5);
  EXPECT_EQ(features[13], 1);
}

TEST(IdfScale, MakesTheRarestWordsOfTwoCataloguesAlike) {
  EXPECT_NEAR(idf_scale(5155), 1, 1e-12);
  EXPECT_GT(idf_scale(60), 2);
  EXPECT_LT(idf_scale(1000000), 0.7);
}

}  // namespace
}  // namespace stylus::composer
