#include "composer/prompt_search.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>

#include "composer/common_words.h"
#include "composer/evidence.h"
#include "composer/keywords.h"
#include "composer/named.h"
#include "composer/prompt_tokens.h"
#include "retriever/terms.h"
#include "support/error.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 20U;
constexpr std::size_t kKeywordWords = 12;
constexpr double kContextShare = 0.35;  // quality-recipe section 5
constexpr std::size_t kContextCandidates = 200;
constexpr std::size_t kEncodedBytes = 2048;

using Hits = std::vector<SearchHit>;

std::vector<retriever::Ranking> rank(const retriever::Retriever& retriever,
                                     const encoder::TextEncoder* encoder,
                                     const std::vector<std::string>& texts,
                                     const catalog::AdapterSet& allowed, std::size_t k) {
  std::vector<retriever::Query> queries;
  for (const std::string& text : texts) {
    queries.push_back({text});
  }
  Rows vectors;
  if (encoder != nullptr && retriever.has_vectors()) {
    vectors = encoder->encode(texts);
  }
  retriever::RankOptions options;
  options.k = k;
  options.with_features = true;
  return retriever.rank(queries, vectors.view(), allowed, options);
}

Hits hits_of(const retriever::Ranking& ranking) {
  Hits hits;
  for (const retriever::Candidate& candidate : ranking.candidates) {
    hits.push_back({candidate.row, candidate.score, candidate.features.cos_title_tags, {}});
  }
  return hits;
}

/// Adds the context's score; an adapter that the context did not find counts as its last one.
void add_context(const retriever::Ranking& context, Hits& hits) {
  std::unordered_map<catalog::AdapterRow, double> scores;
  for (const retriever::Candidate& candidate : context.candidates) {
    scores.emplace(candidate.row, candidate.score);
  }
  const double last = context.candidates.empty() ? 0 : context.candidates.back().score;
  for (SearchHit& hit : hits) {
    const auto found = scores.find(hit.row);
    hit.score += kContextShare * (found == scores.end() ? last : found->second);
  }
  std::stable_sort(hits.begin(), hits.end(), [](const SearchHit& a, const SearchHit& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
}

Hits search_keyword(const retriever::Retriever& retriever, const encoder::TextEncoder* encoder,
                    std::string_view text, const catalog::AdapterSet& allowed,
                    const SearchOptions& options) {
  std::vector<std::string> texts = {std::string(text)};
  std::size_t k = options.k;
  if (!trim(options.context).empty()) {
    texts.emplace_back(truncate_utf8(options.context, kEncodedBytes));
    k = std::max(k, kContextCandidates);
  }
  const std::vector<retriever::Ranking> rankings = rank(retriever, encoder, texts, allowed, k);
  Hits hits = hits_of(rankings.front());
  if (rankings.size() > 1) {
    add_context(rankings.back(), hits);
  }
  hits.resize(std::min(hits.size(), options.k));
  return hits;
}

/// "miku" names all of "miku", but "stone" not all of "stone teddy bear".
bool names_all(const retriever::NamedAdapter& named, std::string_view text) {
  const auto telling = [](std::string_view words) {
    std::set<std::string> stems;
    for (retriever::Term& term : retriever::terms_of(words)) {
      if (word_value(term.stem) == 1) {
        stems.insert(std::move(term.stem));
      }
    }
    return stems;
  };
  return telling(named.phrase) == telling(text);
}

Hits search_whole_prompt(const retriever::Retriever& retriever, const encoder::TextEncoder* encoder,
                         const std::string& searchable, const catalog::AdapterSet& allowed,
                         std::size_t k) {
  Hits hits;
  std::set<catalog::AdapterRow> found;
  for (PromptMatch& match : match_prompt(retriever, searchable, allowed, k)) {
    found.insert(match.row);
    hits.push_back({match.row, match.score, 0, std::move(match.named)});
  }
  if (hits.size() >= k) {
    return hits;
  }
  const std::string text(truncate_utf8(collapse_blanks(searchable), kEncodedBytes));
  const double last = hits.empty() ? 0 : hits.back().score;
  double first = 0;
  for (SearchHit& hit : hits_of(rank(retriever, encoder, {text}, allowed, k).front())) {
    first = std::max(first, hit.score);
    if (hits.size() < k && found.insert(hit.row).second) {
      hit.score = last + hit.score - first - 1;  // behind those found by words, in their own order
      hits.push_back(std::move(hit));
    }
  }
  return hits;
}

}  // namespace

bool reads_as_prompt(std::string_view text) {
  const std::vector<Token> tokens = tokens_of(truncate_utf8(text, kEncodedBytes));
  const bool broken = std::any_of(tokens.begin() + (tokens.empty() ? 0 : 1), tokens.end(),
                                  [](const Token& token) { return token.after_break; });
  return broken || tokens.size() > kKeywordWords;
}

std::vector<SearchHit> search_prompt(const retriever::Retriever& retriever,
                                     const encoder::TextEncoder* encoder, std::string_view text,
                                     const catalog::CompiledFilter& filter,
                                     const SearchOptions& options) {
  require(text.size() <= kLongestText && options.context.size() <= kLongestText,
          ErrorCode::kInvalidArgument, "the text to search has ", text.size(), " bytes, at most ",
          kLongestText, " are allowed");
  require(is_valid_utf8(text) && is_valid_utf8(options.context), ErrorCode::kInvalidArgument,
          "the text to search is not valid UTF-8; convert it first");
  const bool whole = reads_as_prompt(text);
  const std::string searchable = whole ? read_prompt(text).searchable : std::string(text);
  std::vector<retriever::NamedAdapter> characters =
      named_specifically(retriever, searchable, filter.only_if_named);
  if (!whole) {
    std::erase_if(characters, [&](const auto& each) { return !names_all(each, text); });
  }
  const catalog::AdapterSet allowed = with_named(filter.allowed, characters);
  return whole ? search_whole_prompt(retriever, encoder, searchable, allowed, options.k)
               : search_keyword(retriever, encoder, text, allowed, options);
}

std::vector<Evidence> evidence_of(const SearchHit& hit, std::string_view text,
                                  const catalog::Adapter& adapter) {
  return evidence_for(text, adapter, hit.named ? &*hit.named : nullptr, hit.cosine);
}

}  // namespace stylus::composer
