#include "evaluator/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <sstream>

#include "support/html_entity.h"

namespace stylus::evaluator {
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

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (const std::string_view entity = html_entity(letter); !entity.empty()) {
      out += entity;
    } else {
      out += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' ? ' ' : letter;
    }
  }
  return out;
}

std::string shown(double value, int decimals) {
  if (!std::isfinite(value)) {
    return "–";
  }
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, std::abs(value));
  const std::string digits = text.data();
  const bool is_zero = digits.find_first_not_of("0.") == std::string::npos;
  std::string result = value < 0 && !is_zero ? "−" : "";
  result += digits;
  return result;
}

std::string html_table(const std::vector<std::string>& headings,
                       const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::ostringstream out;
  out << "<table><thead><tr>";
  for (std::size_t i = 0; i < headings.size(); ++i) {
    out << (i < left ? "<th class='l'>" : "<th>") << headings[i] << "</th>";
  }
  out << "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    out << "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << (i < left ? "<td class='l'>" : "<td>") << row[i] << "</td>";
    }
    out << "</tr>\n";
  }
  out << "</tbody></table>\n";
  return out.str();
}

std::string svg_chart(const std::string& x_title, const std::string& y_title,
                      const std::vector<ChartLine>& lines) {
  double low_x = std::numeric_limits<double>::infinity();
  double low_y = low_x;
  double high_x = -low_x;
  double high_y = -low_x;
  for (const ChartLine& line : lines) {
    for (const ChartLine::Point& point : line.points) {
      low_x = std::min(low_x, point.x);
      high_x = std::max(high_x, point.x);
      low_y = std::min(low_y, point.low);
      high_y = std::max(high_y, point.high);
    }
  }
  if (!std::isfinite(low_x)) {
    return "";
  }
  const Axis x_axis = axis_of(low_x, high_x);
  const Axis y_axis = axis_of(low_y, high_y);
  const auto x_of = [&](double x) {
    return kLeft + (x - x_axis.low) / (x_axis.high - x_axis.low) * (kWidth - kLeft - kRight);
  };
  const auto y_of = [&](double y) {
    return kHeight - kBottom -
           (y - y_axis.low) / (y_axis.high - y_axis.low) * (kHeight - kTop - kBottom);
  };
  std::ostringstream out;
  out.precision(6);
  out << "<svg viewBox='0 0 " << kWidth << ' ' << kHeight << "' width='" << kWidth
      << "' role='img' font-size='12' font-family='sans-serif'>\n";
  for (double x = x_axis.low; x <= x_axis.high + x_axis.step / 2; x += x_axis.step) {
    out << "<path d='M" << x_of(x) << ' ' << kTop << "V" << kHeight - kBottom
        << "' stroke='#ddd'/><text x='" << x_of(x) << "' y='" << kHeight - kBottom + 16
        << "' text-anchor='middle'>" << shown(x, x_axis.decimals) << "</text>\n";
  }
  for (double y = y_axis.low; y <= y_axis.high + y_axis.step / 2; y += y_axis.step) {
    out << "<path d='M" << kLeft << ' ' << y_of(y) << "H" << kWidth - kRight
        << "' stroke='#ddd'/><text x='" << kLeft - 6 << "' y='" << y_of(y) + 4
        << "' text-anchor='end'>" << shown(y, y_axis.decimals) << "</text>\n";
  }
  out << "<text x='" << (kLeft + kWidth - kRight) / 2 << "' y='" << kHeight - 10
      << "' text-anchor='middle'>" << escaped(x_title) << "</text><text transform='translate(14 "
      << (kTop + kHeight - kBottom) / 2 << ") rotate(-90)' text-anchor='middle'>"
      << escaped(y_title) << "</text>\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::ostringstream path;
    for (std::size_t p = 0; p < lines[i].points.size(); ++p) {
      const ChartLine::Point& point = lines[i].points[p];
      path << (p == 0 ? "M" : "L") << x_of(point.x) << ' ' << y_of(point.y);
      if (point.low < point.high) {
        out << "<path d='M" << x_of(point.x) << ' ' << y_of(point.low) << "V" << y_of(point.high)
            << "M" << x_of(point.x) - 3 << ' ' << y_of(point.low) << "h6M" << x_of(point.x) - 3
            << ' ' << y_of(point.high) << "h6' stroke='#555' fill='none'/>\n";
      }
    }
    out << "<path d='" << path.str() << "' fill='none' stroke='#000' stroke-width='1.5'"
        << " stroke-dasharray='" << kDashes[i % kDashes.size()] << "'/>\n";
    for (const ChartLine::Point& point : lines[i].points) {
      out << mark(i, x_of(point.x), y_of(point.y));
      if (!point.label.empty()) {
        out << "<text x='" << x_of(point.x) + 6 << "' y='" << y_of(point.y) - 6
            << "' font-size='10'>" << escaped(point.label) << "</text>";
      }
    }
    const double y = kTop + 10 + 20 * static_cast<double>(i);
    const double x = kWidth - kRight + 12;
    out << "\n<path d='M" << x << ' ' << y << "h30' stroke='#000' stroke-width='1.5'"
        << " stroke-dasharray='" << kDashes[i % kDashes.size()] << "'/>" << mark(i, x + 15, y)
        << "<text x='" << x + 38 << "' y='" << y + 4 << "'>" << escaped(lines[i].name)
        << "</text>\n";
  }
  out << "</svg>\n";
  return out.str();
}

std::string html_page(const std::string& title, const std::string& body) {
  std::ostringstream out;
  out << "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
      << "<meta name='viewport' content='width=device-width, initial-scale=1'><title>"
      << escaped(title) << "</title>\n<style>\n"
      << "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;"
         "color:#111;background:#fff}\n"
         "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #999}\n"
         "table{border-collapse:collapse;margin:.8rem 0;font-variant-numeric:tabular-nums}\n"
         "th,td{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd;"
         "vertical-align:top}\nth{border-bottom:2px solid #444}.l{text-align:left}\n"
         ".note{border-left:4px solid #444;padding:.1rem .8rem;margin:.4rem 0;background:#f4f4f4}\n"
         ".grid td{text-align:left;max-width:13rem;font-size:.8rem;line-height:1.3}\n"
         ".grid img{display:block;width:128px;height:auto;image-rendering:pixelated;"
         "border:1px solid #bbb}\n"
         ".dim{color:#555}pre{background:#f4f4f4;padding:.6rem;overflow:auto;max-height:24rem}\n"
         ".scroll{overflow-x:auto}\n"
         "</style></head><body>\n"
      << body << "</body></html>\n";
  return out.str();
}

}  // namespace stylus::evaluator
