#include <gtest/gtest.h>

#include <fstream>

#include "retriever/terms.h"

namespace stylus::retriever {
namespace {

TEST(PorterStem, AgreesWithTheReferenceOnEveryWordOfTheGoldenList) {
  std::ifstream golden(STYLUS_TESTS_DIR "/golden/retriever/porter.tsv");
  ASSERT_TRUE(golden) << "tests/golden/retriever/porter.tsv is missing";

  std::string word;
  std::string stem;
  std::size_t words = 0;
  while (golden >> word >> stem) {
    EXPECT_EQ(porter_stem(word), stem) << word;
    ++words;
  }

  EXPECT_GT(words, 2000U);
}

TEST(PorterStem, LeavesShortWordsAlone) {
  EXPECT_EQ(porter_stem(""), "");
  EXPECT_EQ(porter_stem("s"), "s");
  EXPECT_EQ(porter_stem("is"), "is");
}

TEST(PorterStem, TakesAMegabyteOfOneLetterInItsStride) {
  EXPECT_EQ(porter_stem(std::string(1'000'000, 'y')).size(), 1'000'000U);
}

}  // namespace
}  // namespace stylus::retriever
