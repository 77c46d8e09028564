#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"

namespace stylus::refiner {

/// How many adapters are prompted with a phrase, over the whole catalogue: what tells "1girl" from
/// a word that stands for one adapter.
///
/// Made in one pass over the example prompts and triggers. Cost: about 50 us for an adapter with
/// six prompts; memory in proportion to the distinct phrases.
class PromptStatistics {
 public:
  /// Phrases of one adapter: its prompts' phrases and its triggers, each counted once.
  void add(const std::vector<std::string>& triggers, const std::vector<std::string>& prompts);

  [[nodiscard]] std::int64_t adapters() const { return adapters_; }
  [[nodiscard]] std::int64_t count(std::string_view phrase) const;
  /// More than 1 in 200 adapters, and at least three, are prompted with it.
  [[nodiscard]] bool is_common(std::string_view phrase) const;

  /// The phrases that stand out in these prompts against all others, best first, at most `limit`:
  /// those in a good part of the prompts and in few other adapters' ones.
  [[nodiscard]] std::vector<std::string> telling_phrases(const std::vector<std::string>& prompts,
                                                         std::size_t limit) const;

 private:
  std::int64_t adapters_ = 0;
  std::unordered_map<std::string, std::int64_t> counts_;
};

/// The phrases of a prompt in lower case: pieces between commas without weights, emphasis and
/// <lora:…> tags; of a piece of more than four words its words instead, without small ones.
[[nodiscard]] std::vector<std::string> prompt_phrases(std::string_view prompt);

}  // namespace stylus::refiner
