#pragma once

#include <cstddef>
#include <string_view>

namespace stylus::catalog {

/// Walks over the code points of a text. Bytes that are not UTF-8 count as one code point of
/// their own value each, so that any input can be walked.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) : text_(text) {}

  bool next() {
    at_ += length_;
    length_ = 0;
    if (at_ >= text_.size()) {
      return false;
    }
    decode();
    return true;
  }
  [[nodiscard]] char32_t value() const { return value_; }
  [[nodiscard]] std::string_view bytes() const { return text_.substr(at_, length_); }
  [[nodiscard]] std::size_t position() const { return at_; }

 private:
  void decode() {
    const auto byte = [this](std::size_t offset) -> char32_t {
      return at_ + offset < text_.size() ? static_cast<unsigned char>(text_[at_ + offset]) : 0U;
    };
    const char32_t first = byte(0);
    length_ = 1;
    value_ = first;
    std::size_t more = 0;
    if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if ((first & 0xF0U) == 0xE0U) {
      more = 2;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
    }
    if (more == 0) {
      return;
    }
    char32_t value = first & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
      if ((byte(i) & 0xC0U) != 0x80U) {
        return;
      }
      value = (value << 6U) | (byte(i) & 0x3FU);
    }
    value_ = value;
    length_ = more + 1;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t length_ = 0;
  char32_t value_ = 0;
};

}  // namespace stylus::catalog
