#include "chat/data_text.h"

#include <utf8proc.h>

#include <array>

#include "support/text.h"

namespace stylus::chat {
namespace {

/// Openings and closings of control tokens in the chat templates of common model families.
/// The last one is written with a wide bar.
constexpr std::array<std::string_view, 13> kMarks = {
    "<|",   "|>",    "[INST", "[/INST",         "<<SYS",        "<</SYS",       "<s>",
    "</s>", "<bos>", "<eos>", "<start_of_turn", "<end_of_turn", "<\xEF\xBD\x9C"};

bool is_hidden(utf8proc_int32_t point) {
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:  // bidi marks, zero-width characters, tag characters
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
      return true;
    default:
      return false;
  }
}

std::string visible(std::string_view text) {
  std::string out;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  bool blank = true;  // leading blanks go
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(at, left, &point);
    if (size <= 0) {
      break;
    }
    if (point == '\n') {
      while (!out.empty() && out.back() == ' ') {
        out.pop_back();
      }
      out += '\n';
      blank = true;
    } else if (point == ' ' || point == '\t' || utf8proc_category(point) == UTF8PROC_CATEGORY_ZS) {
      out.append(blank ? "" : " ");
      blank = true;
    } else if (!is_hidden(point)) {
      out.append(reinterpret_cast<const char*>(at), static_cast<std::size_t>(size));
      blank = false;
    }
    at += size;
    left -= size;
  }
  return out;
}

void break_up(std::string& text, std::string_view mark) {
  for (std::size_t i = 0; i + mark.size() <= text.size(); ++i) {
    if (equals_ignoring_case(std::string_view(text).substr(i, mark.size()), mark)) {
      text.insert(i + 1, 1, ' ');
      ++i;
    }
  }
}

}  // namespace

std::string data_text(std::string_view text, std::size_t limit_bytes) {
  // What is cut away anyway need not be looked at; hidden characters may leave room for some more.
  std::string out = visible(repair_utf8(truncate_utf8(text, limit_bytes * 4 + 4)));
  for (const std::string_view mark : kMarks) {
    break_up(out, mark);
  }
  return std::string(trim(truncate_utf8(out, limit_bytes)));
}

}  // namespace stylus::chat
