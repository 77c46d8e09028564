#include "retriever/retriever.h"

#include <gtest/gtest.h>

#include <fstream>

#include "catalog/importer.h"
#include "retriever/index_folder.h"
#include "support/file.h"
#include "tests/error_code_of.h"
#include "tests/retriever/sample_corpus.h"
#include "tests/temp_dir.h"

namespace stylus::retriever {
namespace {

constexpr const char* kEncoder = "made-up/1";

/// A catalogue in a folder of its own, filled from the made-up corpus.
struct Shelf {
  TempDir folder;
  SampleCorpus corpus = sample_corpus(120, 32);
  catalog::Catalog catalog{folder / "catalog.db", catalog::OpenMode::kReadWrite};

  [[nodiscard]] std::filesystem::path index_folder() const { return folder / "index"; }

  void import(std::size_t first, std::size_t count) {
    const std::filesystem::path cards = folder / "cards.jsonl";
    {
      std::ofstream out(cards);
      for (std::size_t i = first; i < first + count; ++i) {
        const catalog::Document& document = corpus.documents[i];
        out << R"({"id": "made:)" << i << R"(", "name": ")" << document.name
            << R"(", "type": "LORA", "base_model": ["SD 1.5"], "nsfw": false, "tags": [)";
        for (std::size_t t = 0; t < document.tags.size(); ++t) {
          out << (t == 0 ? "" : ", ") << '"' << document.tags[t] << '"';
        }
        out << R"(], "trained_words": [], "description_text": ")" << document.description
            << "\"}\n";
      }
    }
    const auto report = catalog::import_paths(catalog, {cards}, {});
    ASSERT_EQ(report.refused.size(), 0U) << report.refused.front().reason;
  }

  void embed(std::size_t first, std::size_t count) {
    for (std::size_t f = 0; f < kVectorFields; ++f) {
      std::vector<catalog::VectorKey> keys;
      for (std::size_t i = first; i < first + count; ++i) {
        keys.push_back({static_cast<catalog::AdapterRow>(i + 1), kVectorFieldNames[f],
                        "00000000000000000000000000000000"});
      }
      catalog.store_vectors(kEncoder, keys,
                            {corpus.vectors[f].row(first).data(), count, corpus.dim});
    }
  }

  [[nodiscard]] catalog::AdapterRow best(const Retriever& retriever, std::size_t adapter) const {
    const std::vector<Query> queries = {{corpus.documents[adapter].name}};
    const RowsView vector{corpus.vectors[0].row(adapter).data(), 1, corpus.dim};
    const auto candidates =
        retriever.rank(queries, retriever.has_vectors() ? vector : RowsView{}, corpus.all(), {})
            .front()
            .candidates;
    return candidates.empty() ? 0 : candidates.front().row;
  }
};

TEST(Retriever, BuildsTheIndexOnFirstUseAndFindsItAgain) {
  Shelf shelf;
  shelf.import(0, 100);
  shelf.embed(0, 100);

  const Retriever first(shelf.catalog, shelf.index_folder(), kEncoder);
  const auto files = index_files(shelf.index_folder(), kEncoder);
  ASSERT_EQ(files.size(), 1U);
  const auto written = std::filesystem::last_write_time(files[0].path);
  const Retriever second(shelf.catalog, shelf.index_folder(), kEncoder);

  EXPECT_EQ(std::filesystem::last_write_time(files[0].path), written) << "built only once";
  EXPECT_EQ(first.size(), 100U);
  EXPECT_TRUE(second.has_vectors());
  EXPECT_EQ(second.revision(), shelf.catalog.revision());
  EXPECT_EQ(shelf.best(first, 42), 43);
  EXPECT_EQ(shelf.best(second, 42), 43);
}

TEST(Retriever, FindsNewAdaptersWithoutARebuild) {
  Shelf shelf;
  shelf.import(0, 100);
  shelf.embed(0, 100);
  Retriever::build(shelf.catalog, shelf.index_folder(), kEncoder);
  shelf.import(100, 20);
  shelf.embed(100, 20);

  const Retriever retriever(shelf.catalog, shelf.index_folder(), kEncoder);

  EXPECT_EQ(retriever.size(), 120U);
  EXPECT_EQ(shelf.best(retriever, 110), 111);
  EXPECT_LT(index_files(shelf.index_folder(), kEncoder).front().revision, retriever.revision())
      << "the file is still the old one";

  Retriever::build(shelf.catalog, shelf.index_folder(), kEncoder);
  const auto files = index_files(shelf.index_folder(), kEncoder);
  ASSERT_EQ(files.size(), 1U) << "the old file is gone";
  EXPECT_EQ(files[0].revision, shelf.catalog.revision());
  const Retriever rebuilt(shelf.catalog, shelf.index_folder(), kEncoder);
  const std::vector<Query> queries = {{shelf.corpus.documents[7].name}};
  const RowsView vector{shelf.corpus.vectors[0].row(7).data(), 1, shelf.corpus.dim};
  const auto a = retriever.rank(queries, vector, shelf.corpus.all(), {}).front().candidates;
  const auto b = rebuilt.rank(queries, vector, shelf.corpus.all(), {}).front().candidates;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].row, b[i].row);
    EXPECT_NEAR(a[i].score, b[i].score, 1e-5);
  }
}

TEST(Retriever, RebuildsWhenMuchHasChanged) {
  Shelf shelf;
  shelf.import(0, 20);
  Retriever::build(shelf.catalog, shelf.index_folder(), "");
  shelf.import(20, 100);

  const Retriever retriever(shelf.catalog, shelf.index_folder(), "");

  EXPECT_EQ(index_files(shelf.index_folder(), "").front().revision, retriever.revision());
  EXPECT_EQ(retriever.size(), 120U);
}

TEST(Retriever, SeesVectorsThatCameAfterTheIndex) {
  Shelf shelf;
  shelf.import(0, 100);
  shelf.embed(0, 60);
  Retriever::build(shelf.catalog, shelf.index_folder(), kEncoder);
  shelf.embed(60, 40);

  const Retriever retriever(shelf.catalog, shelf.index_folder(), kEncoder);

  const std::vector<Query> query = {{"qqqq"}};
  const RowsView vector{shelf.corpus.vectors[0].row(80).data(), 1, shelf.corpus.dim};
  EXPECT_EQ(retriever.rank(query, vector, shelf.corpus.all(), {}).front().candidates.at(0).row, 81);
}

TEST(Retriever, WorksOnWordsAloneWithoutAnEncoder) {
  Shelf shelf;
  shelf.import(0, 100);

  const Retriever retriever(shelf.catalog, shelf.index_folder(), "");

  EXPECT_FALSE(retriever.has_vectors());
  const std::vector<Query> queries = {{shelf.corpus.documents[9].name}};
  EXPECT_FALSE(retriever.rank(queries, {}, shelf.corpus.all(), {}).front().candidates.empty());
}

TEST(Retriever, ReplacesADamagedIndex) {
  Shelf shelf;
  shelf.import(0, 50);
  Retriever::build(shelf.catalog, shelf.index_folder(), "");
  const std::filesystem::path path = index_files(shelf.index_folder(), "").front().path;
  const std::string whole = read_file(path, std::size_t{1} << 30U);

  for (const std::string& damaged :
       {std::string(), std::string("not an index"), whole.substr(0, whole.size() / 2)}) {
    write_file_atomically(path, damaged);
    const Retriever retriever(shelf.catalog, shelf.index_folder(), "");
    EXPECT_EQ(retriever.size(), 50U);
    EXPECT_EQ(read_file(path, std::size_t{1} << 30U), whole) << "built again, byte for byte";
  }
}

TEST(Retriever, AnEmptyCatalogueIsSearchable) {
  Shelf shelf;

  const Retriever retriever(shelf.catalog, shelf.index_folder(), kEncoder);

  EXPECT_EQ(retriever.size(), 0U);
  EXPECT_FALSE(retriever.has_vectors());
  const std::vector<Query> queries = {{"lighthouse"}};
  EXPECT_TRUE(retriever.rank(queries, {}, shelf.corpus.all(), {}).front().candidates.empty());
}

TEST(IndexFolder, KeepsEncodersApart) {
  const TempDir folder;
  for (const char* encoder : {"", "a/b", "a_b"}) {
    std::ofstream(index_path(folder.path(), encoder, 3)) << "x";
  }
  std::ofstream(folder / "unrelated.index") << "x";

  EXPECT_EQ(index_files(folder.path(), "a/b").size(), 1U);
  EXPECT_EQ(index_files(folder.path(), "").size(), 1U);
  EXPECT_TRUE(index_files(folder.path(), "c").empty());
  EXPECT_TRUE(index_files(folder / "nowhere", "").empty());
}

}  // namespace
}  // namespace stylus::retriever
