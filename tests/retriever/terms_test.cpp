#include "retriever/terms.h"

#include <gtest/gtest.h>

namespace stylus::retriever {
namespace {

std::vector<std::string> stems_of(std::string_view text) {
  std::vector<std::string> stems;
  for (const Term& term : terms_of(text)) {
    stems.push_back(term.stem);
  }
  return stems;
}

TEST(TermsOf, DropsStopWordsAndStemsTheRest) {
  EXPECT_EQ(stems_of("The Lighthouses of a stormy sea, 1920s"),
            (std::vector<std::string>{"lighthous", "stormi", "sea", "1920"}));
}

TEST(TermsOf, GivesBytesOfTheTextAsItStands) {
  const std::string text = "  Ukiyo-e: the WAVES";

  const std::vector<Term> terms = terms_of(text);

  ASSERT_EQ(terms.size(), 3U);
  EXPECT_EQ(text.substr(terms[0].begin, terms[0].end - terms[0].begin), "Ukiyo");
  EXPECT_EQ(text.substr(terms[2].begin, terms[2].end - terms[2].begin), "WAVES");
  EXPECT_EQ(terms[2].stem, "wave");
}

TEST(TermsOf, KeepsRunsOfOtherLettersWholeAndLowersThem) {
  EXPECT_EQ(stems_of("水墨画 style ÉTÉ"),
            (std::vector<std::string>{"水墨画", "style", "é", "t", "é"}))
      << "an ASCII letter ends a run of others";
}

TEST(TermsOf, SurvivesInvalidUtf8AndControlBytes) {
  EXPECT_EQ(stems_of(std::string_view("a\0cat\xFF\xFE dog\x01", 12)).size(), 3U);
  EXPECT_TRUE(terms_of("").empty());
  EXPECT_TRUE(terms_of(" ,;. ").empty());
}

}  // namespace
}  // namespace stylus::retriever
