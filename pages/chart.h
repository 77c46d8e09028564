#pragma once

#include <string>
#include <vector>

namespace stylus::pages {

/// One line of a chart.
struct ChartLine {
  std::string name;
  struct Point {
    double x = 0, y = 0;
    double low = 0, high = 0;  ///< Of y; equal to y for no bar.
    std::string label{};       ///< Beside the point; "" for none.
  };
  std::vector<Point> points;
};

/// A chart as inline SVG with axes, round ticks and a legend. Lines differ by mark and dash, so it
/// can be read in black and white. Titles and names are plain text. "" where no point is.
/// `dodges`: lines stand a little beside each other, so that bars at equal x do not hide each
/// other.
[[nodiscard]] std::string svg_chart(const std::string& x_title, const std::string& y_title,
                                    const std::vector<ChartLine>& lines, bool dodges = false);

}  // namespace stylus::pages
