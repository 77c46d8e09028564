#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stylus::evaluator {

/// Text for HTML and SVG: the five special characters become entities, control characters blanks.
[[nodiscard]] std::string escaped(std::string_view text);

/// A number with that many decimals, "−" for below zero; "–" for what is no number.
[[nodiscard]] std::string shown(double value, int decimals);

/// A table; texts are HTML already. The first `left` columns are aligned left, others right.
[[nodiscard]] std::string html_table(const std::vector<std::string>& headings,
                                     const std::vector<std::vector<std::string>>& rows,
                                     std::size_t left);

/// One line of a chart.
struct ChartLine {
  std::string name;
  struct Point {
    double x = 0, y = 0;
    double low = 0, high = 0;  ///< Of y; equal to y for no bar.
    std::string label;         ///< Beside the point; "" for none.
  };
  std::vector<Point> points;
};

/// A chart as inline SVG with axes, round ticks and a legend; lines differ by mark and dash.
[[nodiscard]] std::string svg_chart(const std::string& x_title, const std::string& y_title,
                                    const std::vector<ChartLine>& lines);

/// A whole page around the body, with the style sheet.
[[nodiscard]] std::string html_page(const std::string& title, const std::string& body);

}  // namespace stylus::evaluator
