#include "catalog/html.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "support/text.h"

namespace stylus::catalog {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kEntities = {{
    {"amp", "&"},   {"lt", "<"},     {"gt", ">"},    {"quot", "\""}, {"apos", "'"},
    {"nbsp", " "},  {"hellip", "…"}, {"ndash", "–"}, {"mdash", "—"}, {"lsquo", "‘"},
    {"rsquo", "’"}, {"ldquo", "“"},  {"rdquo", "”"}, {"bull", "•"},  {"middot", "·"},
    {"copy", "©"},  {"reg", "®"},    {"trade", "™"}, {"times", "×"}, {"deg", "°"},
    {"euro", "€"},  {"eacute", "é"},
}};

constexpr std::array<std::string_view, 16> kBlocks = {"p",  "br", "div", "li",        "ul", "ol",
                                                      "h1", "h2", "h3",  "h4",        "h5", "h6",
                                                      "tr", "hr", "pre", "blockquote"};
constexpr std::array<std::string_view, 12> kInline = {"a",    "b",  "i",   "u",    "s",      "em",
                                                      "span", "td", "img", "code", "strong", "th"};
constexpr std::array<std::string_view, 16> kFurther = {
    "table", "tbody", "thead", "iframe", "video", "source", "font", "sub",
    "sup",   "mark",  "small", "figure", "del",   "ins",    "html", "body"};

template <std::size_t kSize>
bool is_one_of(std::string_view name, const std::array<std::string_view, kSize>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void append_utf8(std::uint32_t c, std::string& out) {
  const auto push = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0U | (c >> 6U));
    push(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    push(0xE0U | (c >> 12U));
    push(0x80U | ((c >> 6U) & 0x3FU));
    push(0x80U | (c & 0x3FU));
  } else {
    push(0xF0U | (c >> 18U));
    push(0x80U | ((c >> 12U) & 0x3FU));
    push(0x80U | ((c >> 6U) & 0x3FU));
    push(0x80U | (c & 0x3FU));
  }
}

/// "#39" or "#x27": the code point, unless it is none.
std::optional<std::uint32_t> numeric_entity(std::string_view body) {
  const bool hex = body.size() > 2 && (body[1] == 'x' || body[1] == 'X');
  std::uint32_t value = 0;
  for (const char c : body.substr(hex ? 2 : 1)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      digit = static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return std::nullopt;
    }
    value = value * (hex ? 16 : 10) + digit;
    if (value > 0x10FFFF) {
      return std::nullopt;
    }
  }
  const bool scalar = value >= 0x20 && !(value >= 0xD800 && value <= 0xDFFF);
  return scalar || value == '\n' ? std::optional(value) : std::nullopt;
}

/// Decodes the entity at `at` (a '&'); returns its length in the input, 0 if it is none.
std::size_t decode_entity(std::string_view html, std::size_t at, std::string& out) {
  const std::string_view window = html.substr(at + 1, 12);
  const std::size_t end = window.find(';');
  if (end == window.npos || end < 2) {
    return 0;
  }
  const std::string_view body = window.substr(0, end);
  if (body[0] == '#') {
    const std::optional<std::uint32_t> value = numeric_entity(body);
    if (!value) {
      return 0;
    }
    append_utf8(*value, out);
    return end + 2;
  }
  for (const auto& [name, text] : kEntities) {
    if (body == name) {
      out += text;
      return end + 2;
    }
  }
  return 0;
}

/// Lower-case name of the tag that starts at `at` (a '<'), without the slash.
std::string tag_name(std::string_view html, std::size_t at) {
  std::size_t begin = at + 1;
  if (begin < html.size() && html[begin] == '/') {
    ++begin;
  }
  std::size_t end = begin;
  while (end < html.size() && end - begin < 12 &&
         ((html[end] >= 'a' && html[end] <= 'z') || (html[end] >= 'A' && html[end] <= 'Z') ||
          (html[end] >= '0' && html[end] <= '9'))) {
    ++end;
  }
  const bool ends_well =
      end < html.size() && (html[end] == '>' || html[end] == '/' || html[end] == ' ' ||
                            html[end] == '\n' || html[end] == '\t');
  return ends_well ? to_lower(html.substr(begin, end - begin)) : "";
}

/// Blanks collapsed within lines, at most one empty line in a row.
std::string tidy_lines(std::string_view text) {
  std::string out;
  int empty_lines = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line = collapse_blanks(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      ++empty_lines;
      continue;
    }
    if (!out.empty()) {
      out += empty_lines > 0 ? "\n\n" : "\n";
    }
    empty_lines = 0;
    out += line;
  }
  return out;
}

class Stripper {
 public:
  explicit Stripper(std::string_view html) : html_(html) { out_.reserve(html.size()); }

  std::string run() {
    while (at_ < html_.size()) {
      const char c = html_[at_];
      if (c == '<' && skip_markup()) {
        continue;
      }
      if (c == '&') {
        const std::size_t length = decode_entity(html_, at_, out_);
        if (length != 0) {
          at_ += length;
          continue;
        }
      }
      out_ += c;
      ++at_;
    }
    return tidy_lines(out_);
  }

 private:
  /// Moves behind the first `end` from here on; false when there is none.
  bool skip_behind(std::string_view end) {
    const std::size_t found = html_.find(end, at_);
    if (found == html_.npos) {
      return false;
    }
    at_ = found + end.size();
    return true;
  }

  bool skip_markup() {
    if (html_.substr(at_, 4) == "<!--") {
      if (!skip_behind("-->")) {
        at_ = html_.size();
      }
      return true;
    }
    const std::string name = tag_name(html_, at_);
    const bool block = is_one_of(name, kBlocks);
    const bool hidden = name == "script" || name == "style";
    if (!block && !hidden && !is_one_of(name, kInline) && !is_one_of(name, kFurther)) {
      return false;
    }
    if (hidden && html_[at_ + 1] != '/') {
      if (!skip_behind(name == "script" ? "</script" : "</style")) {
        at_ = html_.size();
        return true;
      }
    }
    if (!skip_behind(">")) {
      at_ = html_.size();
    }
    if (block) {
      out_ += '\n';
    }
    return true;
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string html_to_text(std::string_view html) { return Stripper(html).run(); }

}  // namespace stylus::catalog
