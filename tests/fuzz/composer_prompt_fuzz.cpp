// Any bytes as a prompt: the keywords lie inside it, in order, and outside the negations.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "composer/keywords.h"
#include "composer/prompt_search.h"
#include "support/text.h"

using stylus::composer::KeywordSpan;
using stylus::composer::Span;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string prompt =
      stylus::repair_utf8(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto reading = stylus::composer::read_prompt(prompt);
  std::size_t last = 0;
  bool good = reading.searchable.size() == prompt.size();
  for (const KeywordSpan& keyword : reading.keywords) {
    good = good && last <= keyword.begin && keyword.begin < keyword.end &&
           keyword.end <= prompt.size() &&
           stylus::is_valid_utf8(prompt.substr(keyword.begin, keyword.end - keyword.begin));
    for (const Span& negated : reading.negated) {
      good = good && (keyword.end <= negated.begin || negated.end <= keyword.begin);
    }
    last = keyword.end;
  }
  static_cast<void>(stylus::composer::reads_as_prompt(prompt));
  if (!good) {
    std::abort();
  }
  return 0;
}
