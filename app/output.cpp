#include "app/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "support/text.h"

namespace stylus::app {
namespace {

constexpr std::size_t kMaxColumn = 36;    // columns of any but the last
constexpr std::size_t kPlainWidth = 120;  // when standard output is no terminal

std::size_t output_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    return size.ws_col;
  }
  return kPlainWidth;
}

const char* escape_of(Ink colour) {
  switch (colour) {
    case Ink::kBold:
      return "\033[1m";
    case Ink::kDim:
      return "\033[2m";
    case Ink::kGreen:
      return "\033[32m";
    case Ink::kYellow:
      return "\033[33m";
    case Ink::kRed:
      return "\033[31m";
    case Ink::kCyan:
      return "\033[36m";
    case Ink::kPlain:
      break;
  }
  return "";
}

/// Cut to `width` columns with an ellipsis.
std::string fit(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) {
    return text;
  }
  std::string cut = text;
  while (!cut.empty() && display_width(cut) + 1 > width) {
    cut = std::string(truncate_utf8(cut, cut.size() - 1));
  }
  return cut + "…";
}

/// Lines of at most `width` columns, broken at blanks.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string& word : split_list(text, ' ')) {
    std::string& line = lines.back();
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(word);
    } else {
      line.append(line.empty() ? "" : " ").append(word);
    }
  }
  return lines;
}

}  // namespace

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

std::string ink(std::string_view text, Ink colour) {
  static const bool kColoured = stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
  if (!kColoured || colour == Ink::kPlain || text.empty()) {
    return std::string(text);
  }
  return std::string(escape_of(colour)).append(text).append("\033[0m");
}

std::string printable(std::string_view text) {
  std::string clean = repair_utf8(text);
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  // C1 control characters are two bytes in UTF-8: C2 80 … C2 9F.
  for (std::size_t at = clean.find('\xC2'); at != std::string::npos;
       at = clean.find('\xC2', at + 1)) {
    if (at + 1 < clean.size() && static_cast<unsigned char>(clean[at + 1]) < 0xA0) {
      clean.replace(at, 2, "  ");
    }
  }
  return clean;
}

std::string Table::str() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) {
    widths.push_back(display_width(heading));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(kMaxColumn, display_width(printable(row[i].text))));
    }
  }
  std::size_t before_last = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    before_last += widths[i] + 2;
  }
  const std::size_t width = output_width();
  const std::size_t last_width = width > before_last + 20 ? width - before_last : 20;

  std::ostringstream out;
  const auto pad = [&](const std::string& text, std::size_t column) {
    out << std::string(widths[column] - std::min(widths[column], display_width(text)) + 2, ' ');
  };
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    out << ink(headings_[i], Ink::kDim);
    if (i + 1 < headings_.size()) {
      pad(headings_[i], i);
    }
  }
  out << '\n';
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = printable(row[i].text);
      if (i + 1 < headings_.size()) {
        const std::string cut = fit(text, kMaxColumn);
        out << ink(cut, row[i].colour);
        pad(cut, i);
        continue;
      }
      const std::vector<std::string> lines = wrap(text, last_width);
      for (std::size_t l = 0; l < lines.size(); ++l) {
        if (l > 0) {
          out << '\n' << std::string(before_last, ' ');
        }
        out << ink(lines[l], row[i].colour);
      }
    }
    out << '\n';
  }
  return out.str();
}

std::string number(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  std::string text = buffer;
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
      text.pop_back();
    }
  }
  return text == "-0" ? "0" : text;
}

}  // namespace stylus::app
