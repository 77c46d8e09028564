#include "composer/prompt_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kLongestToken = 200;

enum class Kind {
  kAscii,   ///< a letter or digit of ASCII
  kOther,   ///< a letter, digit, mark or symbol beyond ASCII
  kBlank,   ///< parts words: blanks, "-", "_", "/" …
  kBreak,   ///< parts phrases: commas, brackets, line ends …
  kHyphen,  ///< "-"
};

struct Character {
  Kind kind = Kind::kBlank;
  std::size_t bytes = 1;
};

bool is_ascii_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_digit_at(std::string_view text, std::size_t i) {
  return i < text.size() && text[i] >= '0' && text[i] <= '9';
}

Kind kind_beyond_ascii(utf8proc_int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_CF:
      return Kind::kBlank;
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
      return Kind::kBreak;
    default:
      return code_point == 0x7684 || code_point == 0x306E || code_point == 0x3092  // 的 の を
                 ? Kind::kBreak
                 : Kind::kOther;
  }
}

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) {
    if (is_ascii_word(byte)) {
      return {Kind::kAscii, 1};
    }
    if (byte == '-') {
      return {Kind::kHyphen, 1};
    }
    // "3.5" and "sd1.5" are one phrase; "Dr. Who" loses little by being two.
    const bool decimal =
        byte == '.' && at > 0 && is_digit_at(text, at - 1) && is_digit_at(text, at + 1);
    const bool breaks = !decimal && std::string_view(",.;:!?|()[]{}<>\"\n\r\v\f").find(text[at]) !=
                                        std::string_view::npos;
    return {breaks ? Kind::kBreak : Kind::kBlank, 1};
  }
  utf8proc_int32_t code_point = -1;
  const auto bytes = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4)), &code_point);
  if (bytes <= 0) {
    return {Kind::kBlank, 1};
  }
  return {kind_beyond_ascii(code_point), static_cast<std::size_t>(bytes)};
}

/// Bytes of an apostrophe at `at` that stands inside an ASCII word ("isn't"); 0 if none.
std::size_t inner_apostrophe(std::string_view text, std::size_t at) {
  std::size_t bytes = 0;
  if (text.substr(at, 1) == "'") {
    bytes = 1;
  } else if (text.substr(at, 3) == "\u2019") {
    bytes = 3;
  }
  const bool inside = bytes != 0 && at + bytes < text.size() &&
                      is_ascii_word(static_cast<unsigned char>(text[at + bytes]));
  return inside ? bytes : 0;
}

/// The end of the word that starts at `begin`, whose characters are of `kind`.
std::size_t word_end(std::string_view text, std::size_t begin, Kind kind, std::string& lower) {
  std::size_t i = begin;
  std::string raw;
  while (i < text.size() && i - begin < kLongestToken - 4) {
    if (kind == Kind::kAscii && i > begin) {
      if (const std::size_t bytes = inner_apostrophe(text, i); bytes != 0) {
        raw += '\'';
        i += bytes;
        continue;
      }
    }
    const Character c = character_at(text, i);
    if (c.kind != kind) {
      break;
    }
    raw += text.substr(i, c.bytes);
    i += c.bytes;
  }
  lower = to_lower(raw);
  return i;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  bool broken = false;
  std::size_t i = 0;
  while (i < text.size()) {
    const Character c = character_at(text, i);
    if (c.kind != Kind::kAscii && c.kind != Kind::kOther) {
      broken = broken || c.kind == Kind::kBreak;
      i += c.bytes;
      continue;
    }
    Token token;
    token.begin = i;
    token.end = word_end(text, i, c.kind, token.lower);
    const std::string_view word = text.substr(token.begin, token.end - token.begin);
    i = token.end;
    if (word == "BREAK" || word == "AND") {  // part phrases in the web UIs
      broken = true;
      continue;
    }
    token.after_break = broken;
    token.after_hyphen =
        !tokens.empty() && token.begin == tokens.back().end + 1 && text[token.begin - 1] == '-';
    broken = false;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace stylus::composer
