#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::pages {

/// A document of findings: large numbers, then sections of lists. One HTML file: no scripts,
/// nothing loaded from elsewhere, readable on a telephone, in the dark and on paper. Texts are
/// plain and foreign.
class FindingsPage {
 public:
  /// `lead`: one sentence under the title that says the result.
  FindingsPage(std::string_view title, std::string_view lead);

  /// A large number with what it counts; `tone` is "good", "warn", "bad" or "".
  void add_figure(std::string_view number, std::string_view what, std::string_view tone = "");

  /// Begins a section; `count` stands beside its heading, `about` under it.
  void begin_section(std::string_view heading, std::size_t count, std::string_view about);

  /// A row of the section: a title with an id in small letters, and lines of detail.
  /// Details that begin with "+ " or "- " are shown as gained and lost.
  void add_item(std::string_view title, std::string_view id,
                const std::vector<std::string>& details);

  /// "and 120 more": what the section leaves out.
  void add_rest(std::size_t count);

  [[nodiscard]] std::string str() const;

 private:
  void end_section();

  std::string title_, lead_, figures_, body_, index_;
  std::size_t sections_ = 0;
  bool open_ = false;
};

}  // namespace stylus::pages
