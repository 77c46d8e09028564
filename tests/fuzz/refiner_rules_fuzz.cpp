// Cards of any bytes: the rules end, their results are bounded, and the same card gives the same.
#include <cstdlib>

#include "catalog/weight_text.h"
#include "refiner/rules.h"
#include "support/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stylus;
  const std::string text(reinterpret_cast<const char*>(data), size);
  catalog::Adapter adapter;
  adapter.row = 1;
  adapter.name = truncate_utf8(text, 500);
  adapter.tags = split_list(truncate_utf8(text, 2000), '\n');
  adapter.triggers = split_list(truncate_utf8(text, 2000), '\n');
  adapter.description = text;
  adapter.example_prompts = {text, text.substr(size / 2)};
  refiner::PromptStatistics statistics;
  statistics.add(adapter.triggers, adapter.example_prompts);
  const catalog::Refinement refinement = refiner::refine_by_rules(adapter, statistics);
  if (!(refinement == refiner::refine_by_rules(adapter, statistics)) ||
      refinement.summary.size() > 160 || refinement.summary.find('\n') != std::string::npos ||
      refinement.triggers.size() > 64 || refinement.weight_low > refinement.weight_high) {
    std::abort();
  }
  for (const catalog::TriggerGroup& group : refinement.triggers) {
    if (group.phrases.empty() || group.phrases.size() > 41) {
      std::abort();
    }
  }
  return 0;
}
