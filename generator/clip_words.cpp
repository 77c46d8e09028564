#include "generator/clip_words.h"

#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "support/error.h"
#include "support/text.h"

namespace stylus::generator {
namespace {

using CodePoint = utf8proc_int32_t;

enum class Class { kSpace, kLetter, kNumber, kOther };

bool is_space(CodePoint c) {
  const bool is_control = (c >= 0x09 && c <= 0x0D) || c == 0x85;
  const utf8proc_category_t category = utf8proc_category(c);
  return is_control || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

Class class_of(CodePoint c) {
  if (is_space(c)) {
    return Class::kSpace;
  }
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Class::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Class::kNumber;
    default:
      return Class::kOther;
  }
}

void append_character(CodePoint c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t length = utf8proc_encode_char(c, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

/// Takes the first character off well-formed text.
CodePoint take_character(std::string_view& text) {
  CodePoint c = 0xFFFD;
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                       static_cast<utf8proc_ssize_t>(text.size()), &c);
  text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  return length > 0 ? c : 0xFFFD;
}

std::string composed(const std::string& text) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(mapped, std::free);
  require(length >= 0, ErrorCode::kInvalidArgument,
          "the prompt cannot be normalised: ", utf8proc_errmsg(length));
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

std::string lowered(std::string_view text) {
  constexpr CodePoint kDottedCapitalI = 0x130;  // the one whose lower case is two characters
  constexpr CodePoint kDotAbove = 0x307;
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = take_character(text);
    append_character(c == kDottedCapitalI ? 'i' : utf8proc_tolower(c), out);
    if (c == kDottedCapitalI) {
      append_character(kDotAbove, out);
    }
  }
  return out;
}

/// Length of the contraction that `text` begins with, or 0.
std::size_t contraction_length(std::string_view text) {
  constexpr std::array<std::string_view, 7> kWords = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (const std::string_view word : kWords) {
    if (text.substr(0, word.size()) == word) {
      return word.size();
    }
  }
  return 0;
}

}  // namespace

std::vector<std::string> clip_words(std::string_view text) {
  const std::string normal = lowered(composed(repair_utf8(text)));
  std::vector<std::string> words;
  std::string_view rest = normal;
  while (!rest.empty()) {
    if (const std::size_t length = contraction_length(rest); length > 0) {
      words.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
      continue;
    }
    std::string_view after = rest;
    const Class first = class_of(take_character(after));
    while (first != Class::kNumber && first != Class::kSpace && !after.empty()) {
      std::string_view next = after;
      if (class_of(take_character(next)) != first) {
        break;
      }
      after = next;
    }
    if (first != Class::kSpace) {
      words.emplace_back(rest.substr(0, rest.size() - after.size()));
    }
    rest = after;
  }
  return words;
}

const std::vector<unsigned char>& byte_order() {
  static const std::vector<unsigned char> order = [] {
    const auto prints = [](int b) {
      return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    };
    std::vector<unsigned char> bytes;
    for (const bool printable : {true, false}) {
      for (int b = 0; b < 256; ++b) {
        if (prints(b) == printable) {
          bytes.push_back(static_cast<unsigned char>(b));
        }
      }
    }
    return bytes;
  }();
  return order;
}

const std::vector<std::string>& byte_symbols() {
  static const std::vector<std::string> symbols = [] {
    constexpr std::size_t kPrintable = 188;
    std::vector<std::string> all(256);
    for (std::size_t i = 0; i < byte_order().size(); ++i) {
      const unsigned char b = byte_order()[i];
      append_character(i < kPrintable ? b : static_cast<CodePoint>(0x100 + i - kPrintable), all[b]);
    }
    return all;
  }();
  return symbols;
}

}  // namespace stylus::generator
