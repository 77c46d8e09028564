#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "catalog/adapter.h"
#include "catalog/filter.h"
#include "composer/plan.h"
#include "encoder/encoder.h"
#include "retriever/retriever.h"

namespace stylus::composer {

/// One adapter found for a text.
struct SearchHit {
  catalog::AdapterRow row = 0;
  double score = 0;   ///< Comparable within one search only.
  double cosine = 0;  ///< Of the text to the adapter's title and tags; 0 when not computed.
  std::optional<retriever::NamedAdapter> named;  ///< The phrase of the text that names it.
};

struct SearchOptions {
  std::size_t k = 10;
  std::string_view context;  ///< The prompt that a keyword stands in; may be empty.
};

/// True for a text that is read as a whole prompt: it has a comma between its words, or more than
/// twelve words.
[[nodiscard]] bool reads_as_prompt(std::string_view text);

/// What `stylus search` shows for any text, best first; ties: lower row first.
///
/// A keyword ("tour bus") is ranked by words and meaning (retriever::Retriever::rank); with a
/// context, 0.35 times the context's score is added. A whole prompt is ranked by its telling words
/// and by the trigger phrases and names that it holds (match_prompt()), for there a vector of the
/// whole text adds nothing; if its words find fewer than k adapters, meaning fills up.
/// Characters that the text names are found besides filter.allowed.
/// `encoder` may be null: words alone.
/// Requires: valid UTF-8 of at most 1 MiB, else Error(kInvalidArgument).
[[nodiscard]] std::vector<SearchHit> search_prompt(const retriever::Retriever& retriever,
                                                   const encoder::TextEncoder* encoder,
                                                   std::string_view text,
                                                   const catalog::CompiledFilter& filter,
                                                   const SearchOptions& options);

/// What of the adapter's card speaks for the hit.
[[nodiscard]] std::vector<Evidence> evidence_of(const SearchHit& hit, std::string_view text,
                                                const catalog::Adapter& adapter);

}  // namespace stylus::composer
