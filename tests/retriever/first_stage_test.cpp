#include <gtest/gtest.h>

#include "retriever/search_index.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {
namespace {

/// Every catalogue is a large one: codes always, exact scoring never of its own accord.
SearchSettings always_two_stages() {
  SearchSettings settings;
  settings.exact_up_to = 0;
  settings.sample = 500;
  settings.candidates = 300;
  return settings;
}

IndexOptions with_codes() {
  IndexOptions options;
  options.codes_from = 0;
  return options;
}

struct StageCase {
  std::string name;
  std::size_t dim;
  std::int64_t step;
};

class FirstStage : public testing::TestWithParam<StageCase> {};

INSTANTIATE_TEST_SUITE_P(Sizes, FirstStage,
                         testing::Values(StageCase{"wide_all", 384, 1},
                                         StageCase{"wide_tenth", 384, 10},
                                         StageCase{"narrow_all", 64, 1}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(FirstStage, KeepsTheFirstTenOfTheExactScan) {
  const SampleCorpus corpus = sample_corpus(20'000, GetParam().dim);
  const SearchIndex index(IndexView(index_bytes(corpus, with_codes())), std::nullopt,
                          always_two_stages());
  const SampleQueries texts = sample_queries(corpus, 40);
  std::vector<Query> queries;
  for (const std::string& text : texts.texts) {
    queries.push_back({text});
  }
  const catalog::AdapterSet allowed = corpus.every(GetParam().step);
  RankOptions exact;
  exact.exact = true;

  const auto fast = index.rank(queries, texts.vectors.view(), allowed, {});
  const auto full = index.rank(queries, texts.vectors.view(), allowed, exact);

  std::size_t same = 0;
  for (std::size_t i = 0; i < full.size(); ++i) {
    ASSERT_EQ(fast[i].candidates.size(), 10U);
    bool equal = true;
    for (std::size_t c = 0; c < 10; ++c) {
      equal = equal && fast[i].candidates[c].row == full[i].candidates[c].row &&
              fast[i].candidates[c].score == full[i].candidates[c].score;
    }
    same += equal ? 1 : 0;
  }
  EXPECT_EQ(same, full.size());
}

TEST(FirstStageEdges, GivesAsManyAsAskedForWhenAlmostAllAreAsked) {
  const SampleCorpus corpus = sample_corpus(1000, 64);
  const SearchIndex index(IndexView(index_bytes(corpus, with_codes())), std::nullopt,
                          always_two_stages());
  const SampleQueries texts = sample_queries(corpus, 1);
  const std::vector<Query> queries = {{texts.texts[0]}};
  RankOptions options;
  options.k = 900;

  EXPECT_EQ(
      index.rank(queries, texts.vectors.view(), corpus.all(), options).front().candidates.size(),
      900U);
}

TEST(FirstStageEdges, AdaptersWithoutVectorsAreRankedByWords) {
  SampleCorpus corpus = sample_corpus(400, 64);
  corpus.documents.push_back(corpus.documents[0]);
  corpus.documents.back().row = 401;
  corpus.documents.back().name = "lighthouse";
  IndexBuilder builder(with_codes());
  for (const catalog::Document& document : corpus.documents) {
    builder.add(document);
  }
  for (std::size_t f = 0; f < kVectorFields; ++f) {
    for (std::size_t i = 0; i < 400; ++i) {
      builder.set_vector(f, static_cast<catalog::AdapterRow>(i + 1), corpus.vectors[f].row(i));
    }
  }
  std::ostringstream bytes;
  builder.write(bytes);
  const SearchIndex index(IndexView(std::move(bytes).str()), std::nullopt, always_two_stages());
  const SampleQueries texts = sample_queries(corpus, 1);
  const std::vector<Query> queries = {{"lighthouse"}};
  RankOptions options;
  options.k = 401;

  const Ranking ranking = index.rank(queries, texts.vectors.view(), corpus.all(), options).front();

  EXPECT_EQ(ranking.candidates.size(), 401U);
}

}  // namespace
}  // namespace stylus::retriever
