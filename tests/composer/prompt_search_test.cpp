#include "composer/prompt_search.h"

#include <gmock/gmock.h>

#include "tests/composer/sample_shelf.h"
#include "tests/error_code_of.h"

namespace stylus::composer {
namespace {

using testing::Contains;
using testing::Not;

std::vector<std::string> found(SampleShelf& shelf, std::string_view text, std::size_t k = 3) {
  catalog::Filter filter;
  filter.base = "sd15";
  SearchOptions options;
  options.k = k;
  std::vector<std::string> ids;
  for (const SearchHit& hit :
       search_prompt(shelf.retriever(), nullptr, text, shelf.catalog().compile(filter), options)) {
    ids.push_back(shelf.catalog().get(hit.row).id);
  }
  return ids;
}

TEST(SearchPrompt, RanksAKeywordAsTheRetrieverDoes) {
  SampleShelf shelf;
  catalog::Filter filter;
  filter.base = "sd15";
  const catalog::CompiledFilter compiled = shelf.catalog().compile(filter);
  const std::vector<retriever::Query> queries = {{"fishing boat"}};

  const auto hits = search_prompt(shelf.retriever(), nullptr, "fishing boat", compiled, {});
  const auto ranking = shelf.retriever().rank(queries, {}, compiled.allowed, {});

  ASSERT_EQ(hits.size(), ranking.front().candidates.size());
  EXPECT_EQ(hits.front().row, ranking.front().candidates.front().row);
}

TEST(SearchPrompt, FindsTheAdapterBehindALongListOfTags) {
  SampleShelf shelf;
  EXPECT_EQ(
      found(shelf, "masterpiece, best quality, 1girl, solo, (penguin:1.2), long hair").front(),
      "sample:penguin");
}

TEST(SearchPrompt, FindsCharactersThatAreNamed) {
  SampleShelf shelf;
  EXPECT_EQ(found(shelf, "orla quickfeather").front(), "sample:orla");
  EXPECT_THAT(found(shelf, "green cloak of an elf"), Not(Contains("sample:orla")));
}

TEST(SearchPrompt, ShowsWhatMatched) {
  SampleShelf shelf;
  const auto hits = search_prompt(shelf.retriever(), nullptr, "1girl, fishing boat, night",
                                  shelf.catalog().compile({}), {});

  ASSERT_FALSE(hits.empty());
  const auto evidence = evidence_of(hits.front(), "1girl, fishing boat, night",
                                    shelf.catalog().get(hits.front().row));
  EXPECT_EQ(evidence.front().match, "fishing boat");
}

TEST(SearchPrompt, RefusesBytesThatAreNoText) {
  SampleShelf shelf;
  EXPECT_EQ(error_code_of([&] { return found(shelf, "\xff"); }), ErrorCode::kInvalidArgument);
}

TEST(SearchPrompt, FindsNothingForNothing) {
  SampleShelf shelf;
  EXPECT_TRUE(found(shelf, "").empty());
  EXPECT_TRUE(found(shelf, " , ").empty());
}

TEST(ReadsAsPrompt, TellsPromptsFromKeywords) {
  EXPECT_FALSE(reads_as_prompt("tour bus"));
  EXPECT_FALSE(reads_as_prompt("tour bus."));
  EXPECT_FALSE(reads_as_prompt(""));
  EXPECT_TRUE(reads_as_prompt("tour bus, street"));
  EXPECT_TRUE(reads_as_prompt("b c d e f g h i j k l m n"));
}

}  // namespace
}  // namespace stylus::composer
