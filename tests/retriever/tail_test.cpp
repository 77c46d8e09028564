#include <gtest/gtest.h>

#include <numeric>

#include "retriever/search_index.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {
namespace {

/// A corpus of 330: 300 adapters in the index; of those 20 changed since, and 30 are new.
struct Changed {
  SampleCorpus after = sample_corpus(330, 48);
  SampleCorpus before = after;
  std::vector<catalog::AdapterRow> changed_rows;

  Changed() {
    const SampleCorpus other = sample_corpus(330, 48, 99);
    before.documents.resize(300);
    for (std::size_t i = 5; i < 300; i += 15) {
      before.documents[i] = other.documents[i];
      for (std::size_t f = 0; f < kVectorFields; ++f) {
        std::copy_n(other.vectors[f].row(i).begin(), 48, before.vectors[f].row(i).begin());
      }
      changed_rows.push_back(static_cast<catalog::AdapterRow>(i + 1));
    }
    for (catalog::AdapterRow row = 301; row <= 330; ++row) {
      changed_rows.push_back(row);
    }
  }

  [[nodiscard]] SearchIndex with_tail() const {
    IndexOptions tail;
    tail.by_row = false;
    return SearchIndex(IndexView(index_bytes(before)),
                       IndexView(index_bytes(after, tail, changed_rows)));
  }
  [[nodiscard]] SearchIndex rebuilt() const { return SearchIndex(IndexView(index_bytes(after))); }
};

TEST(Tail, RanksLikeARebuiltIndex) {
  const Changed corpus;
  const SearchIndex tailed = corpus.with_tail();
  const SearchIndex rebuilt = corpus.rebuilt();
  const SampleQueries texts = sample_queries(corpus.after, 30);
  std::vector<Query> queries;
  for (const std::string& text : texts.texts) {
    queries.push_back({text});
  }
  RankOptions options;
  options.k = 40;
  options.with_features = true;

  for (const std::int64_t step : {1, 7}) {
    const catalog::AdapterSet allowed = corpus.after.every(step);
    const auto got = tailed.rank(queries, texts.vectors.view(), allowed, options);
    const auto wanted = rebuilt.rank(queries, texts.vectors.view(), allowed, options);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(got[i].max_idf, wanted[i].max_idf);
      ASSERT_EQ(got[i].candidates.size(), wanted[i].candidates.size());
      for (std::size_t c = 0; c < wanted[i].candidates.size(); ++c) {
        const Candidate& a = got[i].candidates[c];
        const Candidate& b = wanted[i].candidates[c];
        EXPECT_EQ(a.row, b.row);
        EXPECT_NEAR(a.score, b.score, 1e-5);
        EXPECT_NEAR(a.features.log_tags, b.features.log_tags, 1e-6);
        EXPECT_NEAR(a.features.title_coverage, b.features.title_coverage, 1e-6);
        EXPECT_EQ(a.features.tag_equal, b.features.tag_equal);
      }
    }
  }
}

TEST(Tail, CountsEachAdapterOnce) {
  const Changed corpus;

  EXPECT_EQ(corpus.with_tail().corpus().adapters(), 330);
}

TEST(Tail, NamesAndTriggersAreThoseOfTheChangedCards) {
  Changed corpus;
  corpus.before.documents[5].triggers = {"crimson kraken"};
  corpus.after.documents[5].triggers = {"azure kraken"};
  corpus.after.documents[310].triggers = {"azure kraken"};
  const SearchIndex tailed = corpus.with_tail();

  EXPECT_EQ(tailed.trigger_frequency("crimson kraken"), 0);
  EXPECT_EQ(tailed.trigger_frequency("azure kraken"), 2);
  EXPECT_TRUE(tailed.named_in("a crimson kraken", corpus.after.all()).empty());
  const auto named = tailed.named_in("an azure kraken", corpus.after.all());
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].row, 6);
  EXPECT_EQ(named[1].row, 311);
}

TEST(Tail, TheSampleOfAFilterDoesNotSeeTheParts) {
  const Changed corpus;
  const SearchIndex tailed = corpus.with_tail();
  const SearchIndex rebuilt = corpus.rebuilt();
  const auto rows_of = [&](const SearchIndex& index) {
    const Corpus& all = index.corpus();
    std::vector<std::int64_t> rows;
    for (const Place place : all.sample(all.allowed_slots(corpus.after.every(2)), 50)) {
      rows.push_back(all.row_of(place));
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  };

  EXPECT_EQ(rows_of(tailed), rows_of(rebuilt));
  EXPECT_GE(rows_of(rebuilt).size(), 45U) << "two stretches may meet in one adapter";
}

TEST(Tail, TheFirstStageSeesNewAdapters) {
  const Changed corpus;
  IndexOptions base;
  base.codes_from = 0;
  const IndexView view(index_bytes(corpus.before, base));
  CodeBook book;
  book.dim = view.dim();
  book.mix = view.header().mix;
  book.rotation.assign(view.rotation().begin(), view.rotation().end());
  IndexOptions tail;
  tail.by_row = false;
  tail.code_book = &book;
  SearchSettings settings;
  settings.exact_up_to = 0;
  settings.sample = 100;
  const SearchIndex index(IndexView(index_bytes(corpus.before, base)),
                          IndexView(index_bytes(corpus.after, tail, corpus.changed_rows)),
                          settings);
  const std::size_t newest = 329;
  const std::vector<Query> queries = {{corpus.after.documents[newest].name}};
  const RowsView vector{corpus.after.vectors[0].row(newest).data(), 1, 48};

  EXPECT_EQ(index.rank(queries, vector, corpus.after.all(), {}).front().candidates.at(0).row, 330);
}

}  // namespace
}  // namespace stylus::retriever
