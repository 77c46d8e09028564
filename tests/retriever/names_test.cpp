#include <gtest/gtest.h>

#include <set>

#include "retriever/search_index.h"
#include "tests/retriever/sample_corpus.h"

namespace stylus::retriever {
namespace {

/// 300 adapters of which three are named below; "red hair" is in many cards.
struct Shelf {
  SampleCorpus corpus = sample_corpus(300, 8);

  Shelf() {
    for (std::size_t i = 0; i < 150; ++i) {
      corpus.documents[i].description += " red hair smile";
      corpus.documents[i].triggers.push_back("1girl, red hair, smile");
    }
    corpus.documents[10].name = "Mira Thornwood | Old Sea Saga [LoRA]";
    corpus.documents[10].triggers = {"mira thornwood, red hair, sailor coat"};
    corpus.documents[20].name = "Captain Oswin v2";
    corpus.documents[30].name = "水墨 Ink";
    corpus.documents[30].triggers = {"shuimo ink"};
  }

  [[nodiscard]] SearchIndex index() const {
    return SearchIndex(IndexView(index_bytes(corpus, {}, {}, false)));
  }
};

TEST(NamedIn, FindsTriggersAndNamesAsWholePhrases) {
  const Shelf shelf;
  const SearchIndex index = shelf.index();
  const std::string text = "Portrait of Mira Thornwood with captain Oswin, smile, red hair";

  const auto named = index.named_in(text, shelf.corpus.all());

  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(std::set<std::int64_t>({named[0].row, named[1].row}), std::set<std::int64_t>({11, 21}));
  for (const NamedAdapter& adapter : named) {
    EXPECT_EQ(adapter.phrase, adapter.row == 11 ? "mira thornwood" : "captain oswin");
    EXPECT_EQ(adapter.field, "name") << "of equal phrases the name counts";
    EXPECT_GT(adapter.specificity, 5);
  }
  EXPECT_GE(named[0].specificity, named[1].specificity);
  EXPECT_EQ(text.substr(named[0].begin, named[0].end - named[0].begin).size(),
            named[0].phrase.size());
}

TEST(NamedIn, CommonWordsNameNobody) {
  const Shelf shelf;

  EXPECT_TRUE(shelf.index().named_in("1girl, red hair, smile", shelf.corpus.all()).empty());
  EXPECT_TRUE(shelf.index().named_in("", shelf.corpus.all()).empty());
}

TEST(NamedIn, LooksOnlyAmongThoseAskedFor) {
  const Shelf shelf;
  catalog::AdapterSet others = shelf.corpus.all();
  others.erase(11);

  EXPECT_TRUE(shelf.index().named_in("mira thornwood", others).empty());
}

TEST(NamedIn, HalfANameIsNoName) {
  const Shelf shelf;

  EXPECT_TRUE(shelf.index().named_in("thornwood", shelf.corpus.all()).empty());
  EXPECT_TRUE(shelf.index().named_in("mira in the thornwood", shelf.corpus.all()).size() == 1U)
      << "stop words do not count";
  EXPECT_TRUE(shelf.index().named_in("mira the brave thornwood", shelf.corpus.all()).empty());
}

TEST(TriggerFrequency, CountsAdaptersByWholePhrase) {
  const Shelf shelf;
  const SearchIndex index = shelf.index();

  EXPECT_EQ(index.trigger_frequency("Red Hair"), 149) << "one of the 150 has other triggers now";
  EXPECT_EQ(index.trigger_frequency("mira thornwood"), 1);
  EXPECT_EQ(index.trigger_frequency("red hair, mira thornwood"), 1) << "the rarest part of a list";
  EXPECT_EQ(index.trigger_frequency("hair"), 0);
  EXPECT_EQ(index.trigger_frequency(""), 0);
}

}  // namespace
}  // namespace stylus::retriever
