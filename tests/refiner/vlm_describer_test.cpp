// The vision-language model in the queue, down to what the catalogue holds afterwards.
#include "refiner/vlm_describer.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "catalog/importer.h"
#include "catalog/refinement.h"
#include "chat/wire.h"
#include "refiner/queue.h"
#include "support/picture.h"
#include "tests/chat/fault_server.h"
#include "tests/chat/mutations.h"
#include "tests/chat/scripted_client.h"
#include "tests/temp_dir.h"

namespace stylus::refiner {
namespace {

using chat::ScriptedClient;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kGood =
    R"({"summary": "A lantern of paper.", "description": "A round paper lantern that glows in warm colours at night.",
        "categories": ["object"], "trigger_groups": [["paper lantern"]], "weight": 0.75})";

class VlmDescriberTest : public testing::Test {
 protected:
  void import_cards(int count, const std::string& tag = "object") {
    std::ofstream out(dir_ / "cards.jsonl");
    for (int i = 1; i <= count; ++i) {
      out << R"({"id":)" << i << R"(,"name":"Paper Lantern )" << i << R"(","nsfw":false,"tags":[")"
          << tag
          << R"("],"trained_words":["paper lantern"],"description_text":"Lanterns of paper. Number 0.75."})"
          << '\n';
    }
    out.close();
    (void)catalog::import_paths(catalog_, {dir_ / "cards.jsonl"}, {});
    (void)refine_by_rules(catalog_, {});
  }

  ModelReport refine(ScriptedClient& client, bool retry = false) {
    const auto describer = make_vlm_describer(client);
    ModelOptions options;
    options.workers = 1;
    options.retry = retry;
    return refine_by_model(catalog_, *describer, options, {});
  }

  TempDir dir_;
  catalog::Catalog catalog_{dir_ / "catalog.db", catalog::OpenMode::kReadWrite};
};

TEST_F(VlmDescriberTest, StoresWhatWasAccepted) {
  import_cards(2);
  ScriptedClient client(kGood);

  const ModelReport report = refine(client);

  EXPECT_EQ(report.accepted, 2);
  EXPECT_EQ(report.input_tokens, 200);
  const catalog::Refinement stored = *catalog::refinement_of(catalog_, 1);
  EXPECT_EQ(stored.author, "scripted/1");
  EXPECT_EQ(stored.summary, "A lantern of paper.");
  EXPECT_THAT(stored.shows, HasSubstr("warm colours"));
  EXPECT_EQ(stored.weight, 0.75) << "the rules had to guess";
  EXPECT_EQ(catalog::replies_of(catalog_, 1).at(0).text, kGood);
}

TEST_F(VlmDescriberTest, NeverTakesACharacterForAThing) {
  import_cards(1, "character");
  ScriptedClient client(kGood);

  (void)refine(client);

  EXPECT_THAT(catalog::refinement_of(catalog_, 1)->categories, Contains("character"));
}

TEST_F(VlmDescriberTest, EndsTheRunWhenTheServerIsGone) {
  import_cards(3);
  ScriptedClient client([](const chat::Request&, std::size_t) -> chat::Reply {
    throw Error(ErrorCode::kUnavailable, "nobody listens");
  });

  const ModelReport report = refine(client);

  EXPECT_EQ(report.stopped_by, "nobody listens");
  EXPECT_EQ(client.asked.size(), 1U);
}

TEST_F(VlmDescriberTest, EndsTheRunWhenEveryRequestIsRefused) {
  import_cards(30);
  ScriptedClient client([](const chat::Request&, std::size_t) -> chat::Reply {
    throw Error(ErrorCode::kInvalidArgument, "wrong key");
  });

  const ModelReport report = refine(client);

  EXPECT_THAT(report.stopped_by, HasSubstr("10 adapters in a row"));
  EXPECT_EQ(client.asked.size(), 10U);
  EXPECT_EQ(report.accepted, 0);
}

TEST_F(VlmDescriberTest, ABadReplyChangesNothing) {
  import_cards(1);
  const catalog::Refinement before = *catalog::refinement_of(catalog_, 1);
  const std::int64_t revision = catalog_.revision();
  ScriptedClient client("I'm sorry, but I can't help with that.");

  const ModelReport report = refine(client);

  EXPECT_EQ(report.outcomes.at("refusal"), 1);
  EXPECT_EQ(*catalog::refinement_of(catalog_, 1), before);
  EXPECT_EQ(catalog_.revision(), revision);
  EXPECT_EQ(catalog::replies_of(catalog_, 1).at(0).outcome, "refusal");
}

/// Everything that the catalogue holds of an adapter, in a form that can be compared.
std::string snapshot(const catalog::Catalog& catalog, catalog::AdapterRow row) {
  const catalog::Adapter adapter = catalog.get(row);
  const catalog::Refinement refinement = *catalog::refinement_of(catalog, row);
  return nlohmann::json({adapter.id, adapter.name, adapter.description, adapter.summary,
                         adapter.tags, adapter.triggers, adapter.categories, adapter.advice.weight,
                         refinement.author, refinement.shows, refinement.summary})
      .dump();
}

TEST_F(VlmDescriberTest, TenThousandBrokenAnswersLoseAndChangeNothing) {
  constexpr int kAdapters = 100;
  constexpr std::int64_t kAnswers = 10'000;
  import_cards(kAdapters);
  std::mt19937_64 random(4);
  ScriptedClient client([&random](const chat::Request&, std::size_t number) {
    // Half of the faults are the server's, half the model's.
    if (number % 2 == 0) {
      return chat::read_completion(chat::mutated(completion(kGood), random), "m", 100, 1U << 20U);
    }
    const nlohmann::json body = {
        {"choices", {{{"message", {{"content", chat::mutated(kGood, random)}}}}}}};
    return chat::read_completion(
        body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), "m", 100, 1U << 20U);
  });
  std::map<std::string, std::int64_t> outcomes;
  std::int64_t answers = 0;
  for (int round = 0; answers < kAnswers; ++round) {
    client.set_model("model-" + std::to_string(round));  // so that all adapters are due again
    std::map<catalog::AdapterRow, std::string> before;
    for (catalog::AdapterRow row = 1; row <= kAdapters; ++row) {
      before[row] = snapshot(catalog_, row);
    }

    const ModelReport report = refine(client);

    answers += report.asked;
    for (const auto& [outcome, count] : report.outcomes) {
      outcomes[outcome] += count;
    }
    ASSERT_EQ(catalog_.size(), kAdapters);
    for (catalog::AdapterRow row = 1; row <= kAdapters; ++row) {
      const catalog::ModelReply last = catalog::replies_of(catalog_, row).back();
      const bool accepted = last.model == client.model() && last.outcome == "accepted";
      if (!accepted) {
        ASSERT_EQ(snapshot(catalog_, row), before[row]) << last.text;
      } else {
        ASSERT_EQ(catalog::refinement_of(catalog_, row)->author, client.model() + "/1");
      }
    }
  }
  for (const char* outcome : {"accepted", "nonsense", "cut_off", "transport"}) {
    EXPECT_GT(outcomes[outcome], 0) << outcome;
  }
}

}  // namespace
}  // namespace stylus::refiner
