#include <gtest/gtest.h>

#include <cmath>

#include "retriever/search_index.h"
#include "tests/retriever/naive_ranking.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {
namespace {

TEST(Features, AgreeWithTheOracle) {
  const SampleCorpus corpus = sample_corpus(300, 32);
  const SearchIndex index(IndexView(index_bytes(corpus)));
  const SampleQueries queries = sample_queries(corpus, 8);
  RankOptions options;
  options.k = 20;
  options.with_features = true;
  const NaiveRanking oracle(corpus);

  for (std::size_t i = 0; i < queries.texts.size(); ++i) {
    const std::vector<Query> query = {{queries.texts[i]}};
    const RowsView vector{queries.vectors.row(i).data(), 1, 32};
    const Ranking ranking = index.rank(query, vector, corpus.all(), options).front();
    const auto wanted = oracle.rank(queries.texts[i], queries.vectors.row(i), corpus.all());
    for (const Candidate& candidate : ranking.candidates) {
      const auto scored = std::find_if(wanted.begin(), wanted.end(), [&](const auto& other) {
        return other.row == candidate.row;
      });
      const Features& features = candidate.features;
      EXPECT_EQ(features.fusion, candidate.score);
      EXPECT_NEAR(features.z_lexical, scored->z_lexical, 1e-3);
      EXPECT_NEAR(features.cos_title_tags, scored->cosines[1], 1e-4);
      const auto log_field = [&](std::size_t field) {
        return std::log1p(oracle.field_bm25(queries.texts[i], field, candidate.row));
      };
      EXPECT_NEAR(features.log_title, log_field(kTitle), 1e-4);
      EXPECT_NEAR(features.log_tags, log_field(kTags), 1e-4);
      EXPECT_NEAR(features.log_description, log_field(kDescription), 1e-4);
    }
  }
}

struct TagCase {
  std::string query;
  float equal;
  float head;
};

class TagFeatures : public testing::TestWithParam<TagCase> {};

INSTANTIATE_TEST_SUITE_P(Queries, TagFeatures,
                         testing::Values(TagCase{"tour boats", 1, 0}, TagCase{"boat tour", 0, 0},
                                         TagCase{"red harbour", 0, 1}, TagCase{"harbours", 1, 1},
                                         TagCase{"unheard harbour", 0, 1},
                                         TagCase{"tour unheard", 0, 0}));

TEST_P(TagFeatures, CompareStemsInOrder) {
  SampleCorpus corpus = sample_corpus(3, 16);
  corpus.documents[1].name = "Tour";
  corpus.documents[1].tags = {"tour boat", "harbour"};
  const SearchIndex index(IndexView(index_bytes(corpus, {}, {}, false)));
  catalog::AdapterSet only(3);
  only.insert(2);
  RankOptions options;
  options.with_features = true;
  const std::vector<Query> queries = {{GetParam().query}};

  const Ranking ranking = index.rank(queries, {}, only, options).front();

  ASSERT_EQ(ranking.candidates.size(), 1U);
  EXPECT_EQ(ranking.candidates[0].features.tag_equal, GetParam().equal);
  EXPECT_EQ(ranking.candidates[0].features.tag_equal_head, GetParam().head);
}

TEST(Features, TitleCoverageWeighsStemsByRarity) {
  SampleCorpus corpus = sample_corpus(3, 16);
  corpus.documents[1].name = "Harbour";
  const SearchIndex index(IndexView(index_bytes(corpus, {}, {}, false)));
  RankOptions options;
  options.with_features = true;
  const std::vector<Query> queries = {{"harbour unheard"}};

  const Ranking ranking = index.rank(queries, {}, corpus.all(), options).front();

  ASSERT_EQ(ranking.candidates.size(), 1U);
  const double idf = std::log(1 + (3 - 1 + 0.5) / 1.5);
  EXPECT_NEAR(ranking.candidates[0].features.title_coverage, idf / (idf + 8), 1e-5);
  EXPECT_NEAR(ranking.max_idf, idf, 1e-5);
}

}  // namespace
}  // namespace stylus::retriever
