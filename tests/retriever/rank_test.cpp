#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "retriever/search_index.h"
#include "tests/error_code_of.h"
#include "tests/retriever/naive_ranking.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {
namespace {

SearchIndex index_of(const SampleCorpus& corpus, bool with_vectors = true) {
  return SearchIndex(IndexView(index_bytes(corpus, {}, {}, with_vectors)));
}

std::vector<Query> queries_of(const std::vector<std::string>& texts) {
  std::vector<Query> queries;
  for (const std::string& text : texts) {
    queries.push_back({text});
  }
  return queries;
}

/// Same rows in the same order; where two scores of the oracle are closer than float sums can
/// tell apart, either order will do.
void expect_same_ranking(const Ranking& got, const std::vector<NaiveRanking::Scored>& wanted,
                         std::size_t k) {
  ASSERT_EQ(got.candidates.size(), std::min(k, wanted.size()));
  for (std::size_t i = 0; i < got.candidates.size(); ++i) {
    EXPECT_NEAR(got.candidates[i].score, wanted[i].score, 2e-4) << "place " << i;
    if (got.candidates[i].row != wanted[i].row) {
      const auto place = std::find_if(wanted.begin(), wanted.end(), [&](const auto& scored) {
        return scored.row == got.candidates[i].row;
      });
      ASSERT_NE(place, wanted.end());
      EXPECT_NEAR(place->score, wanted[i].score, 2e-4) << "place " << i;
    }
  }
}

struct FilterCase {
  std::string name;
  std::int64_t step;
};

class RankUnderAFilter : public testing::TestWithParam<FilterCase> {};

INSTANTIATE_TEST_SUITE_P(Filters, RankUnderAFilter,
                         testing::Values(FilterCase{"everything", 1}, FilterCase{"a_tenth", 10},
                                         FilterCase{"a_hundredth", 100}, FilterCase{"one", 600}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(RankUnderAFilter, AgreesWithTheOracle) {
  const SampleCorpus corpus = sample_corpus(600, 48);
  const SearchIndex index = index_of(corpus);
  const SampleQueries queries = sample_queries(corpus, 20);
  const catalog::AdapterSet allowed = corpus.every(GetParam().step);
  RankOptions options;
  options.k = 30;

  const auto rankings =
      index.rank(queries_of(queries.texts), queries.vectors.view(), allowed, options);

  const NaiveRanking oracle(corpus);
  ASSERT_EQ(rankings.size(), queries.texts.size());
  for (std::size_t i = 0; i < rankings.size(); ++i) {
    expect_same_ranking(rankings[i], oracle.rank(queries.texts[i], queries.vectors.row(i), allowed),
                        30);
  }
}

TEST(Rank, LexicallyAgreesWithNaiveBm25f) {
  const SampleCorpus corpus = sample_corpus(500, 8);
  const SearchIndex index = index_of(corpus, false);
  const SampleQueries queries = sample_queries(corpus, 20);
  RankOptions options;
  options.k = 500;

  const auto rankings = index.rank(queries_of(queries.texts), {}, corpus.all(), options);

  const NaiveRanking oracle(corpus);
  for (std::size_t i = 0; i < rankings.size(); ++i) {
    auto wanted = oracle.rank(queries.texts[i], {}, corpus.all());
    std::erase_if(wanted, [](const auto& scored) { return scored.lexical == 0; });
    expect_same_ranking(rankings[i], wanted, 500);
  }
}

TEST(Rank, LetsTheVectorsDecideWhenNoWordIsKnown) {
  const SampleCorpus corpus = sample_corpus(300, 32);
  const SearchIndex index = index_of(corpus);
  const SampleQueries queries = sample_queries(corpus, 1);
  const std::vector<Query> unknown = {{"qqqq 水墨画"}};

  const Ranking ranking = index.rank(unknown, queries.vectors.view(), corpus.all(), {}).front();

  EXPECT_FALSE(ranking.any_stem_known);
  EXPECT_EQ(ranking.max_idf, 0);
  expect_same_ranking(ranking,
                      NaiveRanking(corpus).rank("qqqq", queries.vectors.row(0), corpus.all()), 10);
}

TEST(Rank, TiesGoToTheLowerRow) {
  SampleCorpus corpus = sample_corpus(1, 16);
  for (catalog::AdapterRow row = 2; row <= 40; ++row) {
    corpus.documents.push_back(corpus.documents[0]);
    corpus.documents.back().row = row;
    for (Rows& field : corpus.vectors) {
      field.values.insert(field.values.end(), field.values.begin(), field.values.begin() + 16);
      ++field.rows;
    }
  }
  const SearchIndex index = index_of(corpus);
  const std::vector<Query> queries = {{corpus.documents[0].name}};

  const Ranking ranking =
      index.rank(queries, RowsView{corpus.vectors[0].values.data(), 1, 16}, corpus.all(), {})
          .front();

  ASSERT_EQ(ranking.candidates.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(ranking.candidates[i].row, static_cast<catalog::AdapterRow>(i + 1));
  }
}

TEST(Rank, AnswersTheOddQuestions) {
  const SampleCorpus corpus = sample_corpus(50, 16);
  const SearchIndex index = index_of(corpus);
  const SampleQueries queries = sample_queries(corpus, 1);
  const std::vector<Query> empty = {{""}};
  const std::vector<Query> word = queries_of(queries.texts);
  RankOptions none;
  none.k = 0;
  RankOptions endless;
  endless.k = std::numeric_limits<std::size_t>::max();

  EXPECT_TRUE(index.rank({}, {}, corpus.all(), {}).empty());
  EXPECT_TRUE(index.rank(empty, {}, corpus.all(), {}).front().candidates.empty())
      << "no words, no vector: nothing to rank by";
  EXPECT_EQ(index.rank(empty, queries.vectors.view(), corpus.all(), {}).front().candidates.size(),
            10U);
  EXPECT_TRUE(
      index.rank(word, queries.vectors.view(), corpus.all(), none).front().candidates.empty());
  EXPECT_EQ(
      index.rank(word, queries.vectors.view(), corpus.all(), endless).front().candidates.size(),
      50U);
  EXPECT_TRUE(index.rank(word, queries.vectors.view(), catalog::AdapterSet(), {})
                  .front()
                  .candidates.empty());
  catalog::AdapterSet strangers(5000);
  strangers.insert(4999);
  EXPECT_TRUE(index.rank(word, queries.vectors.view(), strangers, {}).front().candidates.empty());
}

TEST(Rank, SurvivesAMegabyteOfQuery) {
  const SampleCorpus corpus = sample_corpus(50, 16);
  const SearchIndex index = index_of(corpus);
  std::string text;
  for (int i = 0; text.size() < (1U << 20U); ++i) {
    text += "word" + std::to_string(i) + " " + corpus.documents[0].name + " ";
  }
  const std::vector<Query> queries = {{text}};

  EXPECT_FALSE(index.rank(queries, {}, corpus.all(), {}).front().candidates.empty());
}

TEST(Rank, AnEmptyIndexFindsNothing) {
  const SampleCorpus corpus = sample_corpus(0, 16);
  const SearchIndex index = index_of(corpus);
  const std::vector<Query> queries = {{"lighthouse"}};
  catalog::AdapterSet allowed(10);
  allowed.insert(3);

  EXPECT_TRUE(index.rank(queries, {}, allowed, {}).front().candidates.empty());
  EXPECT_EQ(index.trigger_frequency("lighthouse"), 0);
  EXPECT_TRUE(index.named_in("lighthouse", allowed).empty());
}

TEST(Rank, RefusesVectorsThatDoNotFit) {
  const SampleCorpus corpus = sample_corpus(50, 16);
  const SearchIndex index = index_of(corpus);
  const std::vector<Query> queries = {{"one"}, {"two"}};
  const Rows wrong_count(1, 16);
  const Rows wrong_width(2, 12);
  Rows not_finite(2, 16);
  not_finite.values[20] = std::numeric_limits<float>::quiet_NaN();

  for (const Rows* vectors : {&wrong_count, &wrong_width, &std::as_const(not_finite)}) {
    EXPECT_EQ(error_code_of([&] { return index.rank(queries, vectors->view(), corpus.all(), {}); }),
              ErrorCode::kInvalidArgument);
  }
}

TEST(Rank, ZeroVectorsAreRankedByWordsAlone) {
  const SampleCorpus corpus = sample_corpus(200, 16);
  const SearchIndex index = index_of(corpus);
  const std::vector<Query> queries = {{corpus.documents[3].name}};
  const Rows zeros(1, 16);

  const Ranking with_zeros = index.rank(queries, zeros.view(), corpus.all(), {}).front();
  const Ranking without = index.rank(queries, {}, corpus.all(), {}).front();

  ASSERT_EQ(with_zeros.candidates.size(), without.candidates.size());
  for (std::size_t i = 0; i < without.candidates.size(); ++i) {
    EXPECT_EQ(with_zeros.candidates[i].row, without.candidates[i].row);
  }
}

TEST(Rank, AQueryScoresTheSameInAnyCompany) {
  const SampleCorpus corpus = sample_corpus(400, 32);
  const SearchIndex index = index_of(corpus);
  const SampleQueries queries = sample_queries(corpus, 11);

  const auto together =
      index.rank(queries_of(queries.texts), queries.vectors.view(), corpus.all(), {});

  for (std::size_t i = 0; i < together.size(); ++i) {
    const std::vector<Query> one = {{queries.texts[i]}};
    const RowsView vector{queries.vectors.row(i).data(), 1, 32};
    const Ranking alone = index.rank(one, vector, corpus.all(), {}).front();
    for (std::size_t c = 0; c < alone.candidates.size(); ++c) {
      EXPECT_EQ(alone.candidates[c].row, together[i].candidates[c].row);
      EXPECT_EQ(alone.candidates[c].score, together[i].candidates[c].score);
    }
  }
}

TEST(Rank, ServesSeveralThreadsAtOnce) {
  const SampleCorpus corpus = sample_corpus(400, 32);
  const SearchIndex index = index_of(corpus);
  const SampleQueries queries = sample_queries(corpus, 4);
  const auto ask = [&] {
    return index.rank(queries_of(queries.texts), queries.vectors.view(), corpus.all(), {});
  };
  const auto wanted = ask();

  std::vector<std::thread> threads;
  std::array<bool, 4> equal = {};
  for (std::size_t t = 0; t < equal.size(); ++t) {
    threads.emplace_back([&, t] {
      bool same = true;
      for (int repeat = 0; repeat < 5; ++repeat) {
        const auto got = ask();
        for (std::size_t i = 0; i < got.size(); ++i) {
          for (std::size_t c = 0; c < got[i].candidates.size(); ++c) {
            same = same && got[i].candidates[c].row == wanted[i].candidates[c].row;
          }
        }
      }
      equal[t] = same;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_THAT(equal, testing::Each(true));
}

}  // namespace
}  // namespace stylus::retriever
