#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::app {

/// Colours for people: only when standard output is a terminal and NO_COLOR is not set.
enum class Ink { kPlain, kBold, kDim, kGreen, kYellow, kRed, kCyan };

[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] std::string ink(std::string_view text, Ink colour);

/// Without control characters, so that foreign text cannot steer a terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// A table with aligned columns for a terminal; wide characters count as two columns.
/// The last column is wrapped to the terminal's width.
class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

  struct Cell {
    std::string text;
    Ink colour = Ink::kPlain;
    Cell(std::string content, Ink ink_of_it = Ink::kPlain)
        : text(std::move(content)), colour(ink_of_it) {}
    Cell(const char* content) : text(content) {}
  };
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string str() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<Cell>> rows_;
};

/// "0.64", "0.8", "1": at most `decimals` places, no trailing zeros.
[[nodiscard]] std::string number(double value, int decimals = 2);

}  // namespace stylus::app
