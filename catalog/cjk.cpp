#include "catalog/cjk.h"

#include "catalog/code_points.h"

namespace stylus::catalog {
namespace {

void append_run(std::string_view text, std::string& out) {
  CodePoints reader(text);
  std::string_view previous;
  bool paired = false;
  const auto add = [&out](std::string_view piece) {
    if (!out.empty()) {
      out += ' ';
    }
    out += piece;
  };
  while (reader.next()) {
    if (is_cjk(reader.value())) {
      if (!previous.empty()) {
        add({previous.data(), previous.size() + reader.bytes().size()});
        paired = true;
      }
      previous = reader.bytes();
      continue;
    }
    if (!previous.empty() && !paired) {
      add(previous);
    }
    previous = {};
    paired = false;
  }
  if (!previous.empty() && !paired) {
    add(previous);
  }
}

}  // namespace

bool is_cjk(char32_t c) {
  return (c >= 0x3040 && c <= 0x30FF) ||  // kana
         (c >= 0x3400 && c <= 0x4DBF) ||  // ideographs, extension A
         (c >= 0x4E00 && c <= 0x9FFF) ||  // ideographs
         (c >= 0xAC00 && c <= 0xD7AF) ||  // Hangul
         (c >= 0xF900 && c <= 0xFAFF) ||  // compatibility ideographs
         (c >= 0x20000 && c <= 0x3134F);  // further ideographs
}

std::string cjk_bigrams(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) {
    append_run(text, out);
  }
  return out;
}

}  // namespace stylus::catalog
