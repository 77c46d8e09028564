#include "support/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace stylus {
namespace {

bool is_ascii_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/// Decodes one code point at `at`; returns its length in bytes, or 0 when the bytes are not UTF-8.
std::size_t decode(std::string_view text, std::size_t at, utf8proc_int32_t& code_point) {
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                       static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

void append_code_point(utf8proc_int32_t code_point, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t length = utf8proc_encode_char(code_point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = decode(text, at, code_point);
    if (length == 0) {
      return false;
    }
    at += length;
  }
  return true;
}

std::string repair_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  utf8proc_int32_t code_point = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = decode(text, at, code_point);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
    } else if (code_point == 0) {
      out += ' ';
      ++at;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      out += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
      ++at;
      continue;
    }
    utf8proc_int32_t code_point = 0;
    const std::size_t length = decode(text, at, code_point);
    if (length == 0) {
      out += c;
      ++at;
    } else {
      append_code_point(utf8proc_tolower(code_point), out);
      at += length;
    }
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_ascii_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string collapse_blanks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool pending = false;
  for (const char c : text) {
    if (is_ascii_space(c)) {
      pending = !out.empty();
    } else {
      if (pending) {
        out += ' ';
        pending = false;
      }
      out += c;
    }
  }
  return out;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trim(text.substr(0, end));
    if (!part.empty()) {
      parts.emplace_back(part);
    }
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

void for_each_line(std::string_view text,
                   const std::function<void(std::string_view, std::size_t)>& visit) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = trim(text.substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (!line.empty()) {
      visit(line, number);
    }
  }
}

std::string_view truncate_utf8(std::string_view text, std::size_t limit_bytes) {
  if (text.size() <= limit_bytes) {
    return text;
  }
  std::size_t end = limit_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      out += separator;
    }
    out += parts[i];
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    const std::size_t length = decode(text, at, code_point);
    if (length == 0) {
      ++width;
      ++at;
    } else {
      width += static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code_point)));
      at += length;
    }
  }
  return width;
}

}  // namespace stylus
