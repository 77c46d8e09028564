#include "chat/json_reply.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "support/error.h"
#include "support/json.h"
#include "support/text.h"

namespace stylus::chat {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMostBraces = 64;
constexpr std::size_t kMostNested = 256;

/// End of the object that begins at `begin` (behind its brace), or npos if it never ends.
std::size_t end_of_object(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// With raw control characters in texts escaped and commas before closing brackets dropped.
std::string forgiven(std::string_view text) {
  std::string out;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text && c == '\\' && i + 1 < text.size()) {
      out.append(text.substr(i++, 2));
      continue;
    }
    if (c == '"') {
      in_text = !in_text;
    }
    if (in_text && static_cast<unsigned char>(c) < 0x20) {
      out.append(c == '\n' ? "\\n" : " ");
      continue;
    }
    if (!in_text && (c == '}' || c == ']')) {
      const std::size_t last = out.find_last_not_of(" \t\r\n");
      if (last != std::string::npos && out[last] == ',') {
        out.resize(last);
      }
    }
    out += c;
  }
  return out;
}

std::optional<nlohmann::json> parse(std::string_view text) {
  JsonLimits limits;
  limits.max_bytes = 2 * kMaxJsonReplyBytes;
  limits.max_depth = kMaxDepth;
  try {
    return parse_json(text, "reply", limits);
  } catch (const Error&) {
  }
  try {
    return parse_json(forgiven(text), "reply", limits);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The first object with the key, from outside in.
std::optional<nlohmann::json> with_key(const nlohmann::json& outer, const std::string& key) {
  std::vector<const nlohmann::json*> waiting = {&outer};
  for (std::size_t i = 0; i < waiting.size() && i < kMostNested; ++i) {
    const nlohmann::json& value = *waiting[i];
    if (value.is_object() && value.contains(key)) {
      return value;
    }
    if (value.is_structured()) {
      for (const nlohmann::json& inner : value) {
        waiting.push_back(&inner);
      }
    }
  }
  return std::nullopt;
}

/// What follows the last chain of thought.
std::string_view after_thoughts(std::string_view reply) {
  constexpr std::string_view kEnd = "</think>";
  const std::size_t end = reply.rfind(kEnd);
  return end == std::string_view::npos ? reply : reply.substr(end + kEnd.size());
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = std::string_view::npos;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool blank = i == text.size() || static_cast<unsigned char>(text[i]) <= ' ';
    if (blank && begin != std::string_view::npos) {
      words.push_back(text.substr(begin, i - begin));
      begin = std::string_view::npos;
    } else if (!blank && begin == std::string_view::npos) {
      begin = i;
    }
  }
  return words;
}

bool ends_in_one_piece(std::string_view text) {
  constexpr std::size_t kTail = 600;
  constexpr std::size_t kLongestPiece = 64;
  if (text.size() < kTail) {
    return false;
  }
  const std::string_view tail = text.substr(text.size() - kTail);
  for (std::size_t piece = 1; piece <= kLongestPiece; ++piece) {
    if (tail.substr(piece) == tail.substr(0, kTail - piece)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<nlohmann::json> find_json_object(std::string_view reply, const std::string& key) {
  const std::string_view text = after_thoughts(truncate_utf8(reply, kMaxJsonReplyBytes));
  int braces = 0;
  for (std::size_t at = text.find('{'); at != std::string_view::npos && braces < kMostBraces;
       ++braces) {
    const std::size_t end = end_of_object(text, at);
    if (end != std::string_view::npos) {
      if (const std::optional<nlohmann::json> object = parse(text.substr(at, end - at))) {
        if (std::optional<nlohmann::json> found = with_key(*object, key)) {
          return found;
        }
        at = text.find('{', end);
        continue;
      }
    }
    at = text.find('{', at + 1);
  }
  return std::nullopt;
}

bool has_unfinished_object(std::string_view reply) {
  const std::string_view text = after_thoughts(truncate_utf8(reply, kMaxJsonReplyBytes));
  const std::size_t at = text.find('{');
  return at != std::string_view::npos && end_of_object(text, at) == std::string_view::npos;
}

bool repeats_itself(std::string_view reply) {
  constexpr std::size_t kRun = 6;
  constexpr std::size_t kFewestWords = 60;
  const std::string_view text = trim(truncate_utf8(reply, kMaxJsonReplyBytes));
  if (ends_in_one_piece(text)) {
    return true;
  }
  const std::vector<std::string_view> words = words_of(text);
  if (words.size() < kFewestWords) {
    return false;
  }
  std::set<std::string> runs;
  const std::size_t count = words.size() - kRun + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const char* begin = words[i].data();
    const std::string_view last = words[i + kRun - 1];
    runs.insert(collapse_blanks(
        std::string_view(begin, static_cast<std::size_t>(last.data() + last.size() - begin))));
  }
  return runs.size() * 2 < count;
}

bool sounds_like_refusal(std::string_view text) {
  constexpr std::size_t kLooked = 160;
  constexpr std::array<std::string_view, 16> kPhrases = {
      "i'm sorry",    "i am sorry",      "sorry, but",       "sorry, i",
      "i cannot",     "i can't",         "i can not",        "i'm unable",
      "i am unable",  "i won't",         "unable to assist", "cannot assist",
      "can't assist", "can't help with", "cannot help with", "as an ai"};
  std::string begin = to_lower(truncate_utf8(trim(text), kLooked));
  for (std::size_t at = 0; (at = begin.find("\xE2\x80\x99", at)) != std::string::npos;) {
    begin.erase(at, 2);
    begin[at] = '\'';
  }
  // Whole words: "the sky as an airy wash" declines nothing.
  return std::any_of(kPhrases.begin(), kPhrases.end(), [&](std::string_view phrase) {
    const std::size_t at = begin.find(phrase);
    const std::size_t end = at == std::string::npos ? 0 : at + phrase.size();
    return at != std::string::npos && (end == begin.size() || begin[end] < 'a' || begin[end] > 'z');
  });
}

}  // namespace stylus::chat
