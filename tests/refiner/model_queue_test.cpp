#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <mutex>

#include "catalog/importer.h"
#include "refiner/queue.h"
#include "support/error.h"
#include "tests/temp_dir.h"

namespace stylus::refiner {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

/// Says what the test wants, and remembers whom it was asked about.
class FakeDescriber : public Describer {
 public:
  [[nodiscard]] std::string model() const override { return "seer"; }
  [[nodiscard]] std::string prompt_version() const override { return version; }
  [[nodiscard]] Described describe(const catalog::Adapter& adapter,
                                   const catalog::Refinement& by_rules) override {
    const std::lock_guard<std::mutex> guard(lock_);
    asked.push_back(adapter.id);
    return answer(by_rules);
  }

  static Described accept(const catalog::Refinement& by_rules) {
    Described described;
    described.refinement = by_rules;
    described.refinement->summary = "Seen.";
    described.reply.outcome = "accepted";
    described.reply.text = "{}";
    described.reply.requests = 1;
    described.reply.input_tokens = 10;
    return described;
  }
  static Described refuse(const catalog::Refinement&) {
    Described described;
    described.reply.outcome = "refusal";
    described.reply.requests = 1;
    return described;
  }

  std::string version = "1";
  std::function<Described(const catalog::Refinement&)> answer = accept;
  std::vector<std::string> asked;

 private:
  std::mutex lock_;
};

class RefineByModel : public testing::Test {
 protected:
  RefineByModel() { import_cards("A bus."); }

  void import_cards(const std::string& first_text) {
    std::ofstream(dir_ / "cards.jsonl")
        << R"({"id":"t:safe","name":"Bus","nsfw":false,"description_text":")" << first_text
        << "\"}\n"
        << R"({"id":"t:adult","name":"Night","nsfw":true})" << '\n'
        << R"({"id":"t:unrated","name":"Harbour"})" << '\n'
        << R"({"id":"t:person","name":"Somebody","nsfw":false,"tags":["celebrity"]})" << '\n'
        << R"({"id":"t:safe2","name":"Kite","nsfw":false})" << '\n';
    (void)catalog::import_paths(catalog_, {dir_ / "cards.jsonl"}, {});
    (void)refine_by_rules(catalog_, {});
  }

  ModelReport run(ModelOptions options = {}) {
    describer_.asked.clear();
    return refine_by_model(catalog_, describer_, options, {});
  }

  TempDir dir_;
  catalog::Catalog catalog_{dir_ / "catalog.db", catalog::OpenMode::kReadWrite};
  FakeDescriber describer_;
};

TEST_F(RefineByModel, NeverSendsAdultUnratedOrRealPeopleUnlessAllowed) {
  const ModelReport report = run();
  EXPECT_THAT(describer_.asked, UnorderedElementsAre("t:safe", "t:safe2"));
  EXPECT_EQ(report.kept_back, 3);

  run({.allow_adult = true});
  EXPECT_THAT(describer_.asked, UnorderedElementsAre("t:adult", "t:unrated"));
  run({.allow_people = true});
  EXPECT_THAT(describer_.asked, ElementsAre("t:person"));
}

TEST_F(RefineByModel, TheUsersOwnRatingDecides) {
  catalog::Overlay overlay;
  overlay.rating = catalog::Rating::kAdult;
  catalog_.set_overlay(1, overlay);
  run();
  EXPECT_THAT(describer_.asked, ElementsAre("t:safe2"));
}

TEST_F(RefineByModel, AsksOnceAndAgainWhenTheCardOrThePromptChanges) {
  const ModelReport first = run();
  EXPECT_EQ(first.asked, 2);
  EXPECT_EQ(first.accepted, 2);
  EXPECT_EQ(first.input_tokens, 20);
  EXPECT_EQ(catalog_.get(1).summary, "Seen.");

  EXPECT_EQ(run().asked, 0);
  import_cards("A red bus.");
  EXPECT_EQ(catalog_.get(1).summary, "Bus (adapter)") << "the old word is about another card";
  run();
  EXPECT_THAT(describer_.asked, ElementsAre("t:safe"));
  describer_.version = "2";
  EXPECT_EQ(run().asked, 2);
}

TEST_F(RefineByModel, ARefusalIsKeptAndNotPaidForTwice) {
  describer_.answer = FakeDescriber::refuse;
  const ModelReport report = run();

  EXPECT_THAT(report.outcomes, ElementsAre(Pair("refusal", 2)));
  EXPECT_EQ(catalog_.get(1).summary, "Bus (adapter)");
  EXPECT_EQ(run().asked, 0);
  EXPECT_EQ(run({.retry = true}).asked, 2);
  EXPECT_EQ(catalog::replies_of(catalog_, 1).size(), 2U);
}

TEST_F(RefineByModel, ASpentBudgetEndsTheRunAndTheNextGoesOn) {
  int left = 1;
  describer_.answer = [&](const catalog::Refinement& by_rules) {
    if (left-- <= 0) {
      fail(ErrorCode::kCancelled, "the budget of 1 request is spent");
    }
    return FakeDescriber::accept(by_rules);
  };
  const ModelReport report = run({.workers = 1});
  EXPECT_EQ(report.asked, 1);
  EXPECT_EQ(report.stopped_by, "the budget of 1 request is spent");

  describer_.answer = FakeDescriber::accept;
  EXPECT_EQ(run().asked, 1);
}

TEST_F(RefineByModel, CtrlCStopsBetweenQuestions) {
  EXPECT_THROW(
      (void)refine_by_model(catalog_, describer_, {},
                            [](const Progress&) { fail(ErrorCode::kCancelled, "stopped"); }),
      Error);
  EXPECT_NO_THROW((void)run());
}

TEST_F(RefineByModel, StopsAtTheLimit) { EXPECT_EQ(run({.limit = 1}).asked, 1); }

}  // namespace
}  // namespace stylus::refiner
