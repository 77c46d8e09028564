#include "composer/prompt_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kLongestTag = 256;

void blank(std::string& text, std::size_t begin, std::size_t end) {
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
            text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> read_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// "lora:NAME:WEIGHT" without the brackets; nothing for other tags and for tags without a name.
std::optional<LoraTag> read_lora_tag(std::string_view inside) {
  const std::size_t colon = inside.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view kind = trim(inside.substr(0, colon));
  if (!equals_ignoring_case(kind, "lora") && !equals_ignoring_case(kind, "lyco")) {
    return std::nullopt;
  }
  const std::string_view rest = inside.substr(colon + 1);
  const std::size_t second = rest.find(':');
  LoraTag tag;
  tag.name = std::string(trim(rest.substr(0, second)));
  if (second != std::string_view::npos) {
    const std::string_view weights = rest.substr(second + 1);
    tag.weight = read_number(trim(weights.substr(0, weights.find(':'))));
  }
  if (tag.name.empty()) {
    return std::nullopt;
  }
  return tag;
}

void strip_tags(PromptText& result) {
  std::string& text = result.text;
  std::size_t open = text.find('<');
  while (open != std::string::npos) {
    const std::size_t stop = text.find_first_of("<>\n", open + 1);
    const bool is_tag = stop != std::string::npos && text[stop] == '>' && stop - open < kLongestTag;
    if (is_tag) {
      if (auto tag = read_lora_tag(std::string_view(text).substr(open + 1, stop - open - 1))) {
        tag->span = {open, stop + 1};
        result.lora_tags.push_back(std::move(*tag));
      }
      blank(text, open, stop + 1);
    }
    open = text.find('<', open + 1);
  }
}

/// Pictures' metadata pasted as a prompt: "…, lighthouse Negative prompt: blurry Steps: 20, …".
void strip_parameters(PromptText& result) {
  constexpr std::string_view kMark = "negative prompt:";
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  const auto found =
      std::search(result.text.begin(), result.text.end(), kMark.begin(), kMark.end(), same);
  if (found != result.text.end()) {
    std::fill(found, result.text.end(), ' ');
    result.end = static_cast<std::size_t>(found - result.text.begin());
  }
}

/// The end of an emphasis number that starts at the colon `at`, as in "(rain:1.2)"; 0 if none.
std::size_t emphasis_end(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  const auto skip_blanks = [&] {
    while (i < text.size() && text[i] == ' ') {
      ++i;
    }
  };
  skip_blanks();
  const std::size_t number = i;
  while (i < text.size() && (is_digit(text[i]) || text[i] == '.' || text[i] == '-')) {
    ++i;
  }
  if (i == number) {
    return 0;
  }
  const std::size_t end = i;
  skip_blanks();
  const bool closed = i < text.size() && (text[i] == ')' || text[i] == ']' || text[i] == '}');
  return closed ? end : 0;
}

/// Emphasis numbers and escaped brackets; the brackets themselves stay, for they part phrases.
void strip_emphasis(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') {
      if (const std::size_t end = emphasis_end(text, i); end != 0) {
        blank(text, i, end);
      }
    } else if (text[i] == '\\' && i + 1 < text.size() &&
               std::string_view("()[]{}<>\\").find(text[i + 1]) != std::string_view::npos) {
      blank(text, i, i + 2);  // "cynthia \(pokemon\)" is one name
    }
  }
}

}  // namespace

PromptText strip_syntax(std::string_view prompt) {
  PromptText result;
  result.text = std::string(prompt);
  result.end = prompt.size();
  std::replace(result.text.begin(), result.text.end(), '\0', ' ');
  strip_parameters(result);
  strip_tags(result);
  strip_emphasis(result.text);
  return result;
}

}  // namespace stylus::composer
