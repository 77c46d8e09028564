#include "composer/proposals.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "composer/keyword_features.h"
#include "composer/parameters.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kPromptMatches = 10;
constexpr double kFewKeywords = 5;
constexpr std::size_t kContextWords = 64;
constexpr std::size_t kContextBytes = 2048;

/// The first words of the prompt: the encoder's texts are short, and so is attention to a prompt.
std::string context_text(std::string_view searchable) {
  const std::string text = collapse_blanks(truncate_utf8(searchable, 4 * kContextBytes));
  std::size_t end = 0;
  for (std::size_t words = 0; words < kContextWords && end < text.size(); ++words) {
    end = std::min(text.find(' ', end + 1), text.size());
  }
  return std::string(truncate_utf8(std::string_view(text).substr(0, end), kContextBytes));
}

/// The keywords worth looking up and their rankings.
struct Rankings {
  std::vector<std::size_t> keywords;  ///< Ranking i belongs to keyword keywords[i].
  std::vector<retriever::Ranking> rankings;
  std::optional<std::unordered_map<catalog::AdapterRow, double>>
      context;  ///< Score for the prompt.
  CatalogSize size;
};

Rankings rank_keywords(const PromptReading& reading, const retriever::Retriever& retriever,
                       const encoder::TextEncoder* encoder, const catalog::AdapterSet& allowed,
                       bool with_context) {
  Rankings result;
  result.size = {retriever.size(), allowed.size(), false};
  std::vector<retriever::Query> queries;
  for (std::size_t i = 0; i < reading.keywords.size(); ++i) {
    if (!reading.keywords[i].common) {
      result.keywords.push_back(i);
      queries.push_back({reading.keywords[i].query});
    }
  }
  if (queries.empty()) {
    return result;
  }
  if (with_context) {
    queries.push_back({context_text(reading.searchable)});
  }
  Rows vectors;
  if (encoder != nullptr && retriever.has_vectors()) {
    std::vector<std::string> texts;
    for (const retriever::Query& query : queries) {
      texts.push_back(query.text);
    }
    vectors = encoder->encode(texts);
    result.size.has_vectors = true;
  }
  retriever::RankOptions options;
  options.k = parameters().candidates;
  options.with_features = true;
  result.rankings = retriever.rank(queries, vectors.view(), allowed, options);
  if (with_context) {
    result.context.emplace();
    for (const retriever::Candidate& candidate : result.rankings.back().candidates) {
      result.context->emplace(candidate.row, scaled_fusion(candidate.features, result.size));
    }
    result.rankings.pop_back();
  }
  return result;
}

using Key = std::pair<std::size_t, catalog::AdapterRow>;

/// Collects proposals; of two for one (keyword, adapter) the surer one stays.
class Collector {
 public:
  void add(Proposal proposal) {
    const Key key{proposal.keyword, proposal.row};
    const auto [place, is_new] = by_key_.emplace(key, proposal);
    if (is_new) {
      return;
    }
    Proposal& known = place->second;
    known.confidence = std::max(known.confidence, proposal.confidence);
    known.sure_enough = known.sure_enough || proposal.sure_enough;
    if (!known.named) {
      known.named = std::move(proposal.named);
    }
  }
  [[nodiscard]] std::vector<Proposal> sorted() && {
    std::vector<Proposal> list;
    for (auto& [key, proposal] : by_key_) {
      list.push_back(std::move(proposal));
    }
    std::stable_sort(list.begin(), list.end(), [](const Proposal& a, const Proposal& b) {
      return a.confidence > b.confidence;  // ties: earlier keyword, then lower row
    });
    return list;
  }
  /// The keyword in whose ranking the adapter stands best; nothing if in none.
  [[nodiscard]] std::optional<std::size_t> best_keyword(catalog::AdapterRow row) const {
    std::optional<std::size_t> best;
    std::size_t best_place = 0;
    for (const auto& [key, proposal] : by_key_) {
      if (key.second == row && proposal.place && (!best || *proposal.place < best_place)) {
        best = key.first;
        best_place = *proposal.place;
      }
    }
    return best;
  }

 private:
  std::map<Key, Proposal> by_key_;
};

void propose_by_keyword(const Rankings& rankings, double threshold, Collector& collector) {
  const KeywordModel& model =
      parameters().keyword_model(rankings.size.has_vectors, rankings.context.has_value());
  for (std::size_t i = 0; i < rankings.rankings.size(); ++i) {
    const retriever::Ranking& ranking = rankings.rankings[i];
    for (std::size_t place = 0; place < ranking.candidates.size(); ++place) {
      const retriever::Candidate& candidate = ranking.candidates[place];
      double context = parameters().context_floor;
      if (rankings.context) {
        if (const auto found = rankings.context->find(candidate.row);
            found != rankings.context->end()) {
          context = std::max(context, found->second);
        }
      }
      Proposal proposal;
      proposal.keyword = rankings.keywords[i];
      proposal.row = candidate.row;
      proposal.confidence =
          model.probability(keyword_features(ranking, place, context, rankings.size));
      proposal.sure_enough = proposal.confidence >= threshold;
      proposal.place = place;
      proposal.cosine = candidate.features.cos_title_tags;
      collector.add(std::move(proposal));
    }
  }
}

std::optional<std::size_t> keyword_of(const PromptReading& reading,
                                      const retriever::NamedAdapter& named) {
  std::optional<std::size_t> best;
  std::size_t best_overlap = 0;
  for (std::size_t i = 0; i < reading.keywords.size(); ++i) {
    const KeywordSpan& keyword = reading.keywords[i];
    const std::size_t begin = std::max(keyword.begin, named.begin);
    const std::size_t end = std::min(keyword.end, named.end);
    if (begin < end && end - begin > best_overlap) {
      best = i;
      best_overlap = end - begin;
    }
  }
  return best;
}

void propose_by_prompt(const PromptReading& reading, const std::vector<PromptMatch>& matches,
                       double threshold, Collector& collector) {
  for (const PromptMatch& match : matches) {
    const auto keyword =
        match.named ? keyword_of(reading, *match.named) : collector.best_keyword(match.row);
    if (!keyword) {
      continue;
    }
    Proposal proposal;
    proposal.keyword = *keyword;
    proposal.row = match.row;
    proposal.confidence = match.confidence;
    proposal.sure_enough = match.confidence >= threshold;
    proposal.named = match.named;
    collector.add(std::move(proposal));
  }
}

}  // namespace

Proposals propose(const PromptReading& reading, const retriever::Retriever& retriever,
                  const encoder::TextEncoder* encoder, const catalog::CompiledFilter& filter,
                  const ProposalOptions& options) {
  Proposals result;
  if (reading.keywords.empty()) {
    return result;
  }
  result.named_characters = named_specifically(retriever, reading.searchable, filter.only_if_named);
  std::erase_if(result.named_characters, [&](const retriever::NamedAdapter& named) {
    return options.is_its_name && !options.is_its_name(named);
  });
  const catalog::AdapterSet allowed = with_named(filter.allowed, result.named_characters);
  const Rankings rankings =
      rank_keywords(reading, retriever, encoder, allowed, options.prompt_context);
  result.used_vectors = rankings.size.has_vectors;
  const bool own = options.threshold >= 0;
  // The surest of many candidates is often sure by chance: a prompt of 20 tags needs more.
  const double many = std::max(1.0, static_cast<double>(rankings.keywords.size()) / kFewKeywords);
  Collector collector;
  propose_by_keyword(rankings, own ? options.threshold : many * parameters().keyword_threshold,
                     collector);
  propose_by_prompt(reading, match_prompt(retriever, reading.searchable, allowed, kPromptMatches),
                    own ? options.threshold : parameters().named_threshold, collector);
  result.list = std::move(collector).sorted();
  return result;
}

}  // namespace stylus::composer
