#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/adapter_set.h"
#include "composer/parameters.h"
#include "retriever/retriever.h"

namespace stylus::composer {

/// An adapter that the words of the whole prompt speak for.
struct PromptMatch {
  catalog::AdapterRow row = 0;
  double score = 0;       ///< lexical + 0.7 phrase; best first in a list.
  double lexical = 0;     ///< BM25F of the prompt, each word weighted by word_value.
  double phrase = 0;      ///< How specific the phrase below is; 0 when there is none.
  double confidence = 0;  ///< Calibrated on real prompts that used one adapter.
  std::optional<retriever::NamedAdapter> named;  ///< Trigger phrase or name that the prompt holds.
};

/// Ranks adapters by all words of a prompt at once: what finds the adapter of a long,
/// comma-separated prompt.
///
///   score = lexical + 0.7 phrase
///   phrase = min(sum of value * idf over the phrase's words, ln(1 + adapters / triggers like it))
///   (a name that is a whole clause of the prompt: without the factor value)
///
/// The confidence grows with score, phrase and the lead over the best rival for the same words.
/// `allowed`: may be ranked. `searchable`: PromptReading::searchable.
/// Cost: one lexical pass; text beyond 16 KiB is not looked at.
[[nodiscard]] std::vector<PromptMatch> match_prompt(const retriever::Retriever& retriever,
                                                    std::string_view searchable,
                                                    const catalog::AdapterSet& allowed,
                                                    std::size_t k);

/// Adapters of `among` that the prompt names with words that are rare enough for a name.
[[nodiscard]] std::vector<retriever::NamedAdapter> named_specifically(
    const retriever::Retriever& retriever, std::string_view searchable,
    const catalog::AdapterSet& among);

/// `allowed` with the rows of `named`.
[[nodiscard]] catalog::AdapterSet with_named(catalog::AdapterSet allowed,
                                             const std::vector<retriever::NamedAdapter>& named);

/// How specific a phrase is, on the scale of idf in the catalogue that the models were fitted on.
/// is_clause: a name alone between two commas of the prompt, so that common words count in full.
[[nodiscard]] double phrase_value(const retriever::Retriever& retriever,
                                  const retriever::NamedAdapter& named, bool is_clause = false);

}  // namespace stylus::composer
