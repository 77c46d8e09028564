#include "catalog/refinement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/importer.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Refinements : public testing::Test {
 protected:
  Refinements() { import_card("a kite"); }

  void import_card(const std::string& description) {
    write_text(dir_ / "cards.jsonl",
               R"({"id": 7, "name": "Kite", "trained_words": ["kite_x"], "description_text": ")" +
                   description + "\"}\n" + R"({"id": 8, "name": "Harbour", "tags": ["style"]})");
    (void)import_paths(catalog_, {dir_ / "cards.jsonl"}, {});
  }

  static Refinement by_rules(const std::string& input) {
    Refinement refinement;
    refinement.author = "rules/1";
    refinement.input = input;
    refinement.language = "en";
    refinement.summary = "A paper kite.";
    refinement.shows = "a kite\nwith a tail";
    refinement.triggers = {{"", {"kite_x"}}, {"Red one", {"kite_x", "red tail"}}};
    refinement.prompt_words = {"blue sky", "string"};
    refinement.weight = 0.9;
    refinement.weight_low = 0.8;
    refinement.weight_high = 1;
    refinement.weight_evidence = "most";
    return refinement;
  }

  static Refinement by_model(const std::string& input) {
    Refinement refinement = by_rules(input);
    refinement.author = "seer/1";
    refinement.summary = "A red kite over dunes.";
    refinement.shows = "Red kites over dunes.";
    refinement.categories = {"object"};
    refinement.weight = 0.6;
    return refinement;
  }

  static ModelReply reply(const std::string& outcome) {
    return {1, "seer", "1", "in1", outcome, "{\"weight\": 0.6}", 2, 900, 120, 3};
  }

  TempDir dir_;
  Catalog catalog_{dir_ / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(Refinements, AreReadAsTheyWereStored) {
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});

  EXPECT_EQ(refinement_of(catalog_, 1), by_rules("in1"));
  EXPECT_EQ(refinement_of(catalog_, 2), std::nullopt);
  EXPECT_EQ(catalog_.get(1).summary, "A paper kite.");
  EXPECT_EQ(trigger_entries(catalog_.get(1)),
            (std::vector<std::string>{"kite_x", "kite_x, red tail"}));
}

TEST_F(Refinements, OnlyChangesGrowTheRevision) {
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  const std::int64_t revision = catalog_.revision();

  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  EXPECT_EQ(catalog_.revision(), revision);

  Refinement other = by_rules("in1");
  other.summary = "A kite.";
  store_rules(catalog_, std::vector<RefinedRow>{{1, other}});
  EXPECT_EQ(catalog_.revision(), revision + 1);
}

TEST_F(Refinements, AreDueForNewAndChangedAdaptersAndForOlderRules) {
  EXPECT_THAT(changed_since_refined(catalog_, Refiner::kRules, "rules/1"), ElementsAre(1, 2));
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}, {2, by_rules("in2")}});
  EXPECT_THAT(changed_since_refined(catalog_, Refiner::kRules, "rules/1"), IsEmpty());
  EXPECT_THAT(changed_since_refined(catalog_, Refiner::kRules, "rules/2"), ElementsAre(1, 2));

  import_card("a box kite");
  EXPECT_THAT(changed_since_refined(catalog_, Refiner::kRules, "rules/1"), ElementsAre(1));
}

TEST_F(Refinements, AModelsWordStandsUntilTheCardChanges) {
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  store_reply(catalog_, reply("accepted"), by_model("in1"));

  EXPECT_EQ(refinement_of(catalog_, 1), by_model("in1"));
  EXPECT_EQ(rules_refinement_of(catalog_, 1), by_rules("in1"));
  const Adapter adapter = catalog_.get(1);
  EXPECT_THAT(adapter.categories, ElementsAre("object"));
  EXPECT_EQ(adapter.advice.weight, 0.6);
  EXPECT_EQ(adapter.advice.source, WeightSource::kModel);
  EXPECT_THAT(changed_since_refined(catalog_, Refiner::kRules, "rules/1"), ElementsAre(2));

  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in2")}});
  EXPECT_EQ(refinement_of(catalog_, 1), by_rules("in2"));
  EXPECT_EQ(replies_of(catalog_, 1).size(), 1U) << "what was said and paid for stays";
}

TEST_F(Refinements, ARefusedReplyChangesNothingButItsOwnRecord) {
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  const std::int64_t revision = catalog_.revision();

  store_reply(catalog_, reply("nonsense"), std::nullopt);

  EXPECT_EQ(refinement_of(catalog_, 1), by_rules("in1"));
  EXPECT_EQ(catalog_.revision(), revision);
  EXPECT_THAT(replies_of(catalog_, 1), ElementsAre(reply("nonsense")));
  EXPECT_THAT(answered_rows(catalog_, "seer", "1"), ElementsAre(1));
  EXPECT_THAT(answered_rows(catalog_, "seer", "2"), IsEmpty());
}

TEST_F(Refinements, AnUnreachedServerIsNoAnswer) {
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  store_reply(catalog_, reply("error"), std::nullopt);

  EXPECT_THAT(answered_rows(catalog_, "seer", "1"), IsEmpty());
}

TEST_F(Refinements, ACardsOwnWeightStandsOverTheRefiners) {
  import_card("recommended weight 0.5");
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}});
  store_reply(catalog_, reply("accepted"), by_model("in1"));

  EXPECT_EQ(catalog_.get(1).advice.weight, 0.5);
  EXPECT_EQ(catalog_.get(1).advice.source, WeightSource::kCard);
}

TEST_F(Refinements, CountForHowManyAdaptersATriggerStands) {
  Refinement other = by_rules("in2");
  other.triggers = {{"", {"KITE_X", "sail"}}};
  store_rules(catalog_, std::vector<RefinedRow>{{1, by_rules("in1")}, {2, other}});

  EXPECT_EQ(adapters_with_trigger(catalog_, "Kite_x"), 2);
  EXPECT_EQ(adapters_with_trigger(catalog_, "red tail"), 1);
  EXPECT_EQ(adapters_with_trigger(catalog_, "anchor"), 0);
}

TEST_F(Refinements, NeedAnAdapter) {
  EXPECT_EQ(error_code_of([&] {
              store_rules(catalog_, std::vector<RefinedRow>{{9, by_rules("in1")}});
              return 0;
            }),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stylus::catalog
