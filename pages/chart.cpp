#include "pages/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <sstream>

#include "pages/html.h"

namespace stylus::pages {
namespace {

constexpr double kWidth = 640;
constexpr double kHeight = 340;
constexpr double kLeft = 64;
constexpr double kRight = 150;  // the legend
constexpr double kTop = 16;
constexpr double kBottom = 48;

constexpr std::array<const char*, 6> kDashes = {"", "7 4", "2 3", "9 3 2 3", "4 2", "1 5"};

/// A mark that differs from the others without colour.
std::string mark(std::size_t which, double x, double y) {
  std::ostringstream out;
  switch (which % 6) {
    case 0:
      out << "<circle cx='" << x << "' cy='" << y << "' r='4' fill='#000'/>";
      break;
    case 1:
      out << "<rect x='" << x - 4 << "' y='" << y - 4
          << "' width='8' height='8' fill='#fff' stroke='#000'/>";
      break;
    case 2:
      out << "<path d='M" << x << ' ' << y - 5 << "L" << x + 5 << ' ' << y + 4 << "H" << x - 5
          << "Z' fill='#888' stroke='#000'/>";
      break;
    case 3:
      out << "<path d='M" << x - 5 << ' ' << y << "L" << x << ' ' << y - 5 << "L" << x + 5 << ' '
          << y << "L" << x << ' ' << y + 5 << "Z' fill='#000'/>";
      break;
    case 4:
      out << "<circle cx='" << x << "' cy='" << y << "' r='4' fill='#fff' stroke='#000'/>";
      break;
    default:
      out << "<path d='M" << x - 4 << ' ' << y - 4 << "l8 8m0 -8l-8 8' stroke='#000'/>";
  }
  return out.str();
}

struct Axis {
  double low = 0, high = 1, step = 1;
  int decimals = 0;
};

/// About five round steps around the values.
Axis axis_of(double low, double high) {
  if (!(low < high)) {
    low -= 0.5;
    high += 0.5;
  }
  const double raw = (high - low) / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) {
      step = factor * power;
      break;
    }
  }
  Axis axis;
  axis.step = step;
  axis.low = std::floor(low / step) * step;
  axis.high = std::ceil(high / step) * step;
  axis.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return axis;
}

/// The axes and where values lie on the drawing.
struct Plane {
  Axis x, y;
  [[nodiscard]] double at_x(double value) const {
    return kLeft + (value - x.low) / (x.high - x.low) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double at_y(double value) const {
    return kHeight - kBottom - (value - y.low) / (y.high - y.low) * (kHeight - kTop - kBottom);
  }
};

/// nullopt where no point is.
std::optional<Plane> plane_of(const std::vector<ChartLine>& lines) {
  double low_x = std::numeric_limits<double>::infinity();
  double low_y = low_x;
  double high_x = -low_x;
  double high_y = -low_x;
  for (const ChartLine& line : lines) {
    for (const ChartLine::Point& point : line.points) {
      low_x = std::min(low_x, point.x);
      high_x = std::max(high_x, point.x);
      low_y = std::min({low_y, point.low, point.y});
      high_y = std::max({high_y, point.high, point.y});
    }
  }
  if (!std::isfinite(low_x)) {
    return std::nullopt;
  }
  return Plane{axis_of(low_x, high_x), axis_of(low_y, high_y)};
}

void draw_axes(std::ostream& out, const Plane& plane, const std::string& x_title,
               const std::string& y_title) {
  const Axis& along = plane.x;
  for (double x = along.low; x <= along.high + along.step / 2; x += along.step) {
    out << "<path d='M" << plane.at_x(x) << ' ' << kTop << "V" << kHeight - kBottom
        << "' stroke='#ddd'/><text x='" << plane.at_x(x) << "' y='" << kHeight - kBottom + 16
        << "' text-anchor='middle'>" << html_number(x, along.decimals) << "</text>\n";
  }
  const Axis& up = plane.y;
  for (double y = up.low; y <= up.high + up.step / 2; y += up.step) {
    out << "<path d='M" << kLeft << ' ' << plane.at_y(y) << "H" << kWidth - kRight
        << "' stroke='#ddd'/><text x='" << kLeft - 6 << "' y='" << plane.at_y(y) + 4
        << "' text-anchor='end'>" << html_number(y, up.decimals) << "</text>\n";
  }
  out << "<text x='" << (kLeft + kWidth - kRight) / 2 << "' y='" << kHeight - 10
      << "' text-anchor='middle'>" << html_text(x_title) << "</text><text transform='translate(14 "
      << (kTop + kHeight - kBottom) / 2 << ") rotate(-90)' text-anchor='middle'>"
      << html_text(y_title) << "</text>\n";
}

/// Line number `number`, moved to the right by `shift`.
void draw_line(std::ostream& out, const Plane& plane, const ChartLine& line, std::size_t number,
               double shift) {
  std::ostringstream path;
  for (const ChartLine::Point& point : line.points) {
    const double x = plane.at_x(point.x) + shift;
    path << (&point == &line.points.front() ? "M" : "L") << x << ' ' << plane.at_y(point.y);
    if (point.low < point.high) {
      out << "<path d='M" << x << ' ' << plane.at_y(point.low) << "V" << plane.at_y(point.high)
          << "M" << x - 3 << ' ' << plane.at_y(point.low) << "h6M" << x - 3 << ' '
          << plane.at_y(point.high) << "h6' stroke='#555' fill='none'/>\n";
    }
  }
  out << "<path d='" << path.str() << "' fill='none' stroke='#000' stroke-width='1.5'"
      << " stroke-dasharray='" << kDashes[number % kDashes.size()] << "'/>\n";
  for (const ChartLine::Point& point : line.points) {
    const double x = plane.at_x(point.x) + shift;
    out << mark(number, x, plane.at_y(point.y));
    if (!point.label.empty()) {
      out << "<text x='" << x + 7 << "' y='" << plane.at_y(point.y) - 7 << "' font-size='11'>"
          << html_text(point.label) << "</text>";
    }
  }
}

void draw_legend(std::ostream& out, const std::string& name, std::size_t number) {
  const double y = kTop + 10 + 20 * static_cast<double>(number);
  const double x = kWidth - kRight + 12;
  out << "\n<path d='M" << x << ' ' << y << "h30' stroke='#000' stroke-width='1.5'"
      << " stroke-dasharray='" << kDashes[number % kDashes.size()] << "'/>"
      << mark(number, x + 15, y) << "<text x='" << x + 38 << "' y='" << y + 4 << "'>"
      << html_text(name) << "</text>\n";
}

}  // namespace

std::string svg_chart(const std::string& x_title, const std::string& y_title,
                      const std::vector<ChartLine>& lines, bool dodges) {
  constexpr double kStep = 7;
  const std::optional<Plane> plane = plane_of(lines);
  if (!plane) {
    return "";
  }
  std::ostringstream out;
  out.precision(6);
  out << "<svg viewBox='0 0 " << kWidth << ' ' << kHeight << "' width='" << kWidth
      << "' role='img' font-size='12' font-family='sans-serif'>\n";
  draw_axes(out, *plane, x_title, y_title);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double middle = static_cast<double>(lines.size() - 1) / 2;
    draw_line(out, *plane, lines[i], i, dodges ? kStep * (static_cast<double>(i) - middle) : 0);
    draw_legend(out, lines[i].name, i);
  }
  out << "</svg>\n";
  return out.str();
}

}  // namespace stylus::pages
