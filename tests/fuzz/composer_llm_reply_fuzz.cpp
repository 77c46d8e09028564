// Any text as a language model's choice, for a prompt made of its first line: topics lie in the
// prompt, in order, and adapters are among those offered, each once.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "composer/llm_reply.h"
#include "support/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  const std::string text = repair_utf8(std::string_view(reinterpret_cast<const char*>(data), size));
  const std::string prompt = text.substr(0, text.find('\n'));
  const std::string searchable = composer::read_prompt(prompt).searchable;
  const composer::Selection selection = composer::read_selection(text, searchable, 9);
  std::size_t last = 0;
  std::set<std::size_t> used;
  bool good = true;
  for (const composer::Topic& topic : selection.topics) {
    good = good && last <= topic.span.begin && topic.span.begin < topic.span.end &&
           topic.span.end <= prompt.size() &&
           is_valid_utf8(prompt.substr(topic.span.begin, topic.span.end - topic.span.begin));
    last = topic.span.end;
    for (const composer::Topic::Pick& pick : topic.picks) {
      good = good && pick.number >= 1 && pick.number <= 9 && used.insert(pick.number).second;
    }
  }
  const std::string written = composer::selection_to_json(selection, prompt);
  good = good && composer::read_selection(written, searchable, 9).problems.empty() ==
                     (composer::read_selection(written, searchable, 9).topics.size() ==
                      selection.topics.size());
  if (!good) {
    std::abort();
  }
  return 0;
}
