#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "retriever/search_index.h"
#include "tests/error_code_of.h"
#include "tests/retriever/sample_corpus.h"
#include "tests/temp_dir.h"

namespace stylus::retriever {
namespace {

IndexOptions with_codes() {
  IndexOptions options;
  options.encoder = "made-up/1";
  options.revision = 12;
  options.codes_from = 0;
  return options;
}

/// Asks everything there is of an index that may be damaged.
void ask_everything(std::string bytes, const SampleCorpus& corpus) {
  SearchSettings two_stages;
  two_stages.exact_up_to = 0;
  two_stages.sample = 20;
  const SearchIndex index(IndexView(std::move(bytes)), std::nullopt, two_stages);
  const SampleQueries texts = sample_queries(corpus, 2);
  const std::vector<Query> queries = {{texts.texts[0]}, {corpus.documents[0].name}};
  RankOptions options;
  options.with_features = true;
  const bool fits = index.corpus().dim() == texts.vectors.dim;
  const RowsView vectors = fits ? texts.vectors.view() : RowsView{};
  (void)index.rank(queries, vectors, corpus.all(), options);
  options.exact = true;
  (void)index.rank(queries, vectors, corpus.all(), options);
  (void)index.named_in(corpus.documents[1].name, corpus.all());
  (void)index.trigger_frequency(corpus.documents[1].name);
}

TEST(IndexView, KeepsWhatWasWritten) {
  const SampleCorpus corpus = sample_corpus(40, 16);
  const TempDir folder;
  const std::string bytes = index_bytes(corpus, with_codes());
  std::ofstream(folder / "x.index", std::ios::binary) << bytes;

  const IndexView view(folder / "x.index");

  EXPECT_EQ(view.header().documents, 40U);
  EXPECT_EQ(view.header().vectors, 40U);
  EXPECT_EQ(view.header().revision, 12);
  EXPECT_EQ(view.encoder(), "made-up/1");
  EXPECT_EQ(view.dim(), 16U);
  EXPECT_TRUE(view.has_codes());
  EXPECT_FALSE(view.is_present(0));
  EXPECT_TRUE(view.is_present(40));
  EXPECT_FALSE(view.is_present(41));
}

TEST(IndexView, IsTheSameBytesEachTime) {
  const SampleCorpus corpus = sample_corpus(300, 32);

  EXPECT_EQ(index_bytes(corpus, with_codes()), index_bytes(corpus, with_codes()));
}

TEST(IndexView, RefusesForeignTruncatedAndNewerFiles) {
  const std::string bytes = index_bytes(sample_corpus(20, 8), with_codes());
  std::vector<std::string> bad = {"", "STYLINDX", std::string(4096, 'x'),
                                  bytes.substr(0, bytes.size() - 1), bytes + "x"};
  std::string newer = bytes;
  newer[8] = 9;
  bad.push_back(newer);

  for (const std::string& file : bad) {
    EXPECT_EQ(error_code_of([&] { return IndexView(file); }), ErrorCode::kCorruptData);
  }
}

TEST(IndexView, EveryDamagedByteOfTheHeaderIsNoticed) {
  const std::string bytes = index_bytes(sample_corpus(20, 8), with_codes());

  for (std::size_t i = 0; i < sizeof(IndexHeader); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
    EXPECT_EQ(error_code_of([&] { return IndexView(damaged); }), ErrorCode::kCorruptData) << i;
  }
}

TEST(IndexView, SectionsOutsideTheFileAreRefused) {
  const std::string bytes = index_bytes(sample_corpus(20, 8), with_codes());
  for (std::size_t id = 0; id < kSections; ++id) {
    for (const std::uint64_t offset : {std::uint64_t{1} << 40U, ~std::uint64_t{63}}) {
      IndexHeader header;
      std::memcpy(&header, bytes.data(), sizeof(header));
      header.sections[id].offset = offset;
      header.sections[id].bytes = std::max<std::uint64_t>(header.sections[id].bytes, 64);
      header.checksum = hash_bytes(&header, offsetof(IndexHeader, checksum));
      std::string damaged = bytes;
      std::memcpy(damaged.data(), &header, sizeof(header));

      EXPECT_EQ(error_code_of([&] { return IndexView(damaged); }), ErrorCode::kCorruptData) << id;
    }
  }
}

TEST(IndexView, DamagedContentsGiveAnswersAndNoCrash) {
  const SampleCorpus corpus = sample_corpus(60, 16);
  const std::string bytes = index_bytes(corpus, with_codes());
  std::uint32_t state = 1;
  const auto next = [&] { return state = state * 1664525U + 1013904223U; };

  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    for (int i = 0; i < 40; ++i) {
      const std::size_t at = sizeof(IndexHeader) + next() % (bytes.size() - sizeof(IndexHeader));
      damaged[at] = static_cast<char>(next() >> 24U);
    }
    ask_everything(std::move(damaged), corpus);
  }
}

TEST(IndexBuilder, RefusesRowsOutOfOrderAndVectorsThatDoNotFit) {
  const SampleCorpus corpus = sample_corpus(3, 8);
  IndexBuilder builder(IndexOptions{});
  builder.add(corpus.documents[1]);

  EXPECT_THROW(builder.add(corpus.documents[0]), Error);

  builder.set_vector(0, 2, corpus.vectors[0].row(1));
  EXPECT_THROW(builder.set_vector(1, 2, corpus.vectors[0].row(1).first(4)), Error);
  EXPECT_NO_THROW(builder.set_vector(0, 77, corpus.vectors[0].row(1))) << "unknown rows pass";
}

}  // namespace
}  // namespace stylus::retriever
