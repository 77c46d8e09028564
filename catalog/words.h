#pragma once

#include <cstddef>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::catalog {

/// The words of a text in lower case: runs of ASCII letters and digits, or of other non-ASCII
/// bytes that are no punctuation. At most `limit` words.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text, std::size_t limit);

/// Matches whole words and phrases ("real person") of a fixed list in a text.
class PhraseList {
 public:
  /// Phrases are lower case, words separated by one blank.
  PhraseList(std::initializer_list<std::string_view> phrases);
  /// The same, written as one text with commas between them.
  explicit PhraseList(std::string_view phrases);

  /// True if one of the phrases occurs in `words` as neighbouring whole words.
  [[nodiscard]] bool matches(const std::vector<std::string>& words) const;
  /// True if all of `words` together are one of the phrases.
  [[nodiscard]] bool contains(const std::vector<std::string>& words) const;

 private:
  void add(std::string_view phrase);

  std::set<std::string, std::less<>> phrases_;
  std::size_t longest_ = 1;
};

}  // namespace stylus::catalog
