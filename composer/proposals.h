#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/filter.h"
#include "composer/keywords.h"
#include "composer/named.h"
#include "encoder/encoder.h"
#include "retriever/retriever.h"

namespace stylus::composer {

/// One adapter for one keyword, with how sure we are.
struct Proposal {
  std::size_t keyword = 0;  ///< Place in PromptReading::keywords.
  catalog::AdapterRow row = 0;
  double confidence = 0;  ///< [0, 1]
  bool sure_enough = false;
  std::optional<std::size_t> place;  ///< In the keyword's own ranking, from 0.
  double cosine = 0;                 ///< To the adapter's title and tags; 0 when unknown.
  std::optional<retriever::NamedAdapter> named;  ///< The phrase of the prompt that names it.
  std::string reason{};  ///< Why a language model chose it; "" for proposals of the two judges.
};

struct ProposalOptions {
  bool prompt_context = true;
  double threshold = -1;  ///< As ComposeOptions::threshold.
  /// Whether a phrase is a character's name and not, say, its clothes; empty = always.
  std::function<bool(const retriever::NamedAdapter&)> is_its_name;
};

/// What the catalogue has for a prompt.
struct Proposals {
  std::vector<Proposal> list;  ///< Most confident first; one per (keyword, adapter).
  std::vector<retriever::NamedAdapter> named_characters;  ///< Ranked besides the allowed ones.
  bool used_vectors = false;
};

/// Looks up the prompt's keywords, and the prompt as a whole, among the adapters of `filter`.
///
/// Two judges propose. The keyword model looks at each keyword's first candidates (words, meaning,
/// and how they fit the whole prompt). match_prompt() looks at all words at once, finds trigger
/// phrases and names, and gives its candidates to the keyword that they stand in.
/// Cost: one batch through the encoder, one ranking of all keywords, one lexical pass.
[[nodiscard]] Proposals propose(const PromptReading& reading, const retriever::Retriever& retriever,
                                const encoder::TextEncoder* encoder,
                                const catalog::CompiledFilter& filter,
                                const ProposalOptions& options);

}  // namespace stylus::composer
