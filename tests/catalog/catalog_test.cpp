#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "catalog/importer.h"
#include "catalog/listing.h"
#include "tests/catalog/adapter_files.h"
#include "tests/error_code_of.h"
#include "tests/temp_dir.h"

namespace stylus::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kCards =
    R"({"id": 11, "name": "Paper cranes", "tags": ["style"], "trained_words": ["crn"], "nsfw": false, "description_text": "Folded birds of paper.", "stats": {"downloads": 5}, "file_names": ["crn_v2.safetensors"], "files": [{"sha256": "aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee"}]}
{"id": 12, "name": "ink wash", "tags": ["style"], "trained_words": ["inkw"], "nsfw": false, "description_text": "Paper and ink.", "stats": {"downloads": 50}}
{"id": 13, "name": "Ink Wash", "tags": ["background"], "nsfw": false, "description_text": "水墨山水的画风", "file_names": ["wash.safetensors"]}
{"id": 14, "name": "Captain Ada", "tags": ["character"], "nsfw": false}
{"id": 15, "name": "Nobody rated", "tags": ["style"]}
)";

class Shelf : public ::testing::Test {
 protected:
  Shelf() {
    write_text(dir / "cards.jsonl", kCards);
    (void)import_paths(catalog, {dir / "cards.jsonl"}, {});
  }
  std::vector<AdapterRow> found(const std::string& query) const {
    std::vector<AdapterRow> rows;
    for (const TextMatch& match : search_text(catalog, query, 10)) {
      rows.push_back(match.row);
    }
    return rows;
  }

  TempDir dir;
  Catalog catalog{dir / "catalog.db", OpenMode::kReadWrite};
};

TEST_F(Shelf, ResolvesIdNameStemAndHashPrefix) {
  EXPECT_EQ(catalog.resolve("civitai:12").row, 2);
  EXPECT_EQ(catalog.resolve("paper CRANES").row, 1);
  EXPECT_EQ(catalog.resolve("crn_v2").row, 1);
  EXPECT_EQ(catalog.resolve("AA1122334455").row, 1);
}

TEST_F(Shelf, AnAmbiguousOrUnknownNameSaysWhichAreMeant) {
  const auto ambiguous = [&] { return catalog.resolve("ink wash"); };
  const auto unknown = [&] { return catalog.resolve("paper plane"); };

  EXPECT_EQ(error_code_of(ambiguous), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error_message_of(ambiguous), HasSubstr("civitai:12"));
  EXPECT_THAT(error_message_of(ambiguous), HasSubstr("civitai:13"));
  EXPECT_EQ(error_code_of(unknown), ErrorCode::kNotFound);
  EXPECT_THAT(error_message_of(unknown), HasSubstr("Paper cranes"));
  EXPECT_EQ(error_code_of([&] { return catalog.resolve(" "); }), ErrorCode::kInvalidArgument);
}

TEST_F(Shelf, SearchWeighsTheNameMost) {
  EXPECT_THAT(found("paper"), ElementsAre(1, 2));
  EXPECT_THAT(found("crn"), ElementsAre(1));
  EXPECT_THAT(found("水墨"), ElementsAre(3));
  EXPECT_THAT(found("画风"), ElementsAre(3));
  EXPECT_THAT(found("zebra"), IsEmpty());
}

TEST_F(Shelf, EveryTextIsAQuery) {
  for (const std::string query : {"", "\"", "paper\" OR name:*", "NEAR(paper", "a AND", "-paper",
                                  "{name}: x", "*", "^", "\xFF\xFE", "(((((", "paper : paper"}) {
    EXPECT_NO_THROW((void)search_text(catalog, query, 5)) << query;
  }
  EXPECT_NO_THROW((void)search_text(catalog, std::string(1'000'000, '"'), 5));
  EXPECT_THAT(found("\"paper\" NOT (crn"), ElementsAre(1, 2));
}

TEST_F(Shelf, ListsInOrderAndByPage) {
  ListOptions options;
  options.order = ListOrder::kName;
  EXPECT_THAT(list_adapters(catalog, options).rows, ElementsAre(4, 2, 3, 1));
  options.order = ListOrder::kDownloads;
  options.limit = 2;
  options.offset = 1;
  const Listing page = list_adapters(catalog, options);
  EXPECT_EQ(page.total, 4U);
  EXPECT_THAT(page.rows, ElementsAre(1, 3));
  EXPECT_THAT(list_adapters(catalog, {.all = true, .order = ListOrder::kAdded}).rows,
              ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(list_adapters(catalog, {.category = "background"}).rows, ElementsAre(3));
  EXPECT_THAT(list_adapters(catalog, {.category = "style", .match = "ink"}).rows, ElementsAre(2));
  EXPECT_EQ(error_code_of([&] { return list_adapters(catalog, {.category = "nonsense"}); }),
            ErrorCode::kInvalidArgument);
}

TEST_F(Shelf, TheOverlayOutlivesEveryImport) {
  Overlay overlay;
  overlay.favourite = true;
  overlay.weight = 0.55;
  overlay.triggers = std::vector<std::string>{"origami"};
  overlay.rating = Rating::kAdult;
  overlay.notes = "mine";
  catalog.set_overlay(1, overlay);
  write_text(dir / "cards.jsonl",
             R"({"id": 11, "name": "Paper cranes 2", "trained_words": ["crn2"], "nsfw": false})");

  const ImportReport report = import_paths(catalog, {dir / "cards.jsonl"}, {});
  const Adapter adapter = catalog.get(1);

  EXPECT_EQ(report.changed, 1);
  EXPECT_EQ(adapter.name, "Paper cranes 2");
  EXPECT_EQ(adapter.overlay, overlay);
  EXPECT_THAT(adapter.triggers, ElementsAre("crn2"));
  EXPECT_THAT(found("origami"), ElementsAre(1));
  EXPECT_THAT(found("crn2"), IsEmpty());
}

TEST_F(Shelf, AnOverlayCountsAsAChangeOnlyWhereItIsOne) {
  const std::int64_t before = catalog.revision();
  Overlay overlay;
  overlay.notes = "n";
  catalog.set_overlay(2, overlay);
  catalog.set_overlay(2, overlay);
  EXPECT_EQ(catalog.revision(), before + 1);
  catalog.set_overlay(2, {});
  EXPECT_EQ(catalog.get(2).overlay, Overlay{});
  EXPECT_EQ(error_code_of([&] {
              catalog.set_overlay(99, {});
              return 0;
            }),
            ErrorCode::kNotFound);
  overlay.weight = 77;
  EXPECT_EQ(error_code_of([&] {
              catalog.set_overlay(2, overlay);
              return 0;
            }),
            ErrorCode::kInvalidArgument);
}

TEST_F(Shelf, DocumentsOfChangedAdaptersOnly) {
  const std::int64_t before = catalog.revision();
  Overlay overlay;
  overlay.triggers = std::vector<std::string>{"own"};
  catalog.set_overlay(4, overlay);
  std::vector<AdapterRow> all;
  std::vector<Document> changed;

  catalog.for_each_document(0, [&](const Document& document) { all.push_back(document.row); });
  catalog.for_each_document(before, [&](const Document& document) { changed.push_back(document); });

  EXPECT_THAT(all, ElementsAre(1, 2, 3, 4, 5));
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].row, 4);
  EXPECT_THAT(changed[0].triggers, ElementsAre("own"));
}

TEST_F(Shelf, VisitorsMayAskTheCatalogue) {
  std::size_t documents = 0;
  catalog.for_each_document(0, [&](const Document& document) {
    catalog.for_each_document(0, [&](const Document&) { ++documents; });
    EXPECT_EQ(catalog.get(document.row).name, document.name);
  });
  EXPECT_EQ(documents, 25U);
}

TEST_F(Shelf, TwoReadersAndAWriterSeeOneState) {
  const Catalog reader(dir / "catalog.db", OpenMode::kReadOnly);
  Overlay overlay;
  overlay.notes = "x";
  catalog.set_overlay(1, overlay);

  EXPECT_EQ(reader.revision(), catalog.revision());
  EXPECT_EQ(reader.get(1).overlay.notes, "x");
}

TEST(Catalog, AReaderNeedsACatalogue) {
  const TempDir dir;
  EXPECT_EQ(error_code_of([&] { return Catalog(dir / "none.db", OpenMode::kReadOnly); }),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stylus::catalog
