#include "pages/html.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "support/html_entity.h"

namespace stylus::pages {
namespace {

constexpr std::string_view kReportStyle = R"css(
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem;
  color: #111; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #999; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .55rem; text-align: right; border-bottom: 1px solid #ddd;
  vertical-align: top; }
th { border-bottom: 2px solid #444; vertical-align: bottom; }
.l { text-align: left; }
.new td { border-top: 2px solid #999; }
span.dim { white-space: nowrap; }
p.dim { max-width: 60rem; }
svg { max-width: 49%; height: auto; }
.note { border-left: 4px solid #444; padding: .1rem .8rem; margin: .4rem 0; background: #f4f4f4; }
.grid td { text-align: left; font-size: .8rem; line-height: 1.3; }
.grid td.l { max-width: 12rem; overflow-wrap: anywhere; }
.grid img { display: block; width: 128px; height: auto; image-rendering: pixelated;
  border: 1px solid #bbb; margin: .2rem 0; }
.dim { color: #555; }
pre { background: #f4f4f4; padding: .6rem; overflow: auto; max-height: 24rem; }
.scroll { overflow-x: auto; }
@media (max-width: 60rem) { svg { max-width: 100%; } }
@media print { body { max-width: none; margin: 0; } .scroll { overflow: visible; }
  tr, svg { break-inside: avoid; } }
)css";

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    if (const std::string_view entity = html_entity(letter); !entity.empty()) {
      out += entity;
    } else if (static_cast<unsigned char>(letter) >= 0x20 || letter == '\n' || letter == '\t') {
      out += letter;
    }
  }
  return out;
}

std::string html_number(double value, int decimals) {
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
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<std::string>& row = rows[r];
    const bool is_new = r > 0 && rows[r - 1].front() != row.front();
    out << (is_new ? "<tr class='new'>" : "<tr>");
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << (i < left ? "<td class='l'>" : "<td>") << row[i] << "</td>";
    }
    out << "</tr>\n";
  }
  out << "</tbody></table>\n";
  return out.str();
}

std::string html_document(std::string_view title, std::string_view style, std::string_view body) {
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<title>" + html_text(title) + "</title>\n<style>";
  page += style;
  page += "</style>\n</head>\n<body>\n";
  page += body;
  page += "</body>\n</html>\n";
  return page;
}

std::string report_page(std::string_view title, std::string_view body) {
  return html_document(title, kReportStyle, body);
}

}  // namespace stylus::pages
