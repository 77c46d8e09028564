#include "composer/named.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "composer/common_words.h"
#include "composer/keyword_features.h"
#include "support/text.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kLongestText = std::size_t{16} << 10U;
/// A phrase below this is no name: "anime" (idf 1.6) is, "levi ackerman" (15) is not.
constexpr double kLeastNameValue = 4;
/// Candidates of the lexical pass; named ones beyond them count with the last one's score.
constexpr std::size_t kCandidates = 64;
constexpr double kMostLeadOfOthers = 1;

using Matches = std::vector<PromptMatch>;

/// Named adapters by row; several phrases of one adapter: the most specific.
std::map<catalog::AdapterRow, retriever::NamedAdapter> names_by_row(
    const retriever::Retriever& retriever, std::string_view text,
    const catalog::AdapterSet& allowed) {
  std::map<catalog::AdapterRow, retriever::NamedAdapter> names;
  for (retriever::NamedAdapter& named : retriever.named_in(text, allowed)) {
    names.emplace(named.row, std::move(named));
  }
  return names;
}

/// True for a name that fills a clause of the prompt, from comma to comma: its writer means it as
/// one thing, however common its words are ("a lion, black and white").
bool is_a_clause(std::string_view text, const retriever::NamedAdapter& named) {
  constexpr std::string_view kBreaks = ",.;|\n";
  const std::string_view before = trim(text.substr(0, named.begin));
  const std::string_view after = trim(text.substr(named.end));
  return named.field == "name" && (before.empty() || kBreaks.find(before.back()) != kBreaks.npos) &&
         (after.empty() || kBreaks.find(after.front()) != kBreaks.npos);
}

Matches candidates(const retriever::Retriever& retriever, std::string_view text,
                   const catalog::AdapterSet& allowed, std::size_t k) {
  retriever::RankOptions options;
  options.k = std::max(k, kCandidates);
  options.with_features = true;
  options.word_value = word_value;
  const std::vector<retriever::Query> queries = {{std::string(text)}};
  const retriever::Ranking ranking = retriever.rank(queries, {}, allowed, options).front();

  auto names = names_by_row(retriever, text, allowed);
  const double scale = idf_scale(retriever.size());
  Matches matches;
  const auto add = [&](catalog::AdapterRow row, double lexical) {
    PromptMatch& match = matches.emplace_back();
    match.row = row;
    match.lexical = lexical;
    if (auto named = names.extract(row)) {
      match.phrase = phrase_value(retriever, named.mapped(), is_a_clause(text, named.mapped()));
      match.named = std::move(named.mapped());
    }
    match.score = match.lexical + parameters().named.phrase_share * match.phrase;
  };
  double last = 0;
  for (const retriever::Candidate& candidate : ranking.candidates) {
    last = scale * static_cast<double>(candidate.features.lexical);
    add(candidate.row, last);
  }
  while (!names.empty()) {
    add(names.begin()->first, last);
  }
  return matches;
}

bool name_different_words(const PromptMatch& a, const PromptMatch& b) {
  return a.named && b.named && (a.named->end <= b.named->begin || b.named->end <= a.named->begin);
}

/// How far a match is ahead of its best rival. One that other words of the prompt name is no rival:
/// both may be wanted. But only the first of all can be far ahead.
double lead_of(const Matches& matches, std::size_t i) {
  std::size_t rival = 0;
  while (rival < matches.size() &&
         (rival == i || name_different_words(matches[i], matches[rival]))) {
    ++rival;
  }
  const double other = rival < matches.size() ? matches[rival].score : 0;
  const double lead = matches[i].score - other;
  return i == 0 ? lead : std::min(lead, kMostLeadOfOthers);
}

}  // namespace

double phrase_value(const retriever::Retriever& retriever, const retriever::NamedAdapter& named,
                    bool is_clause) {
  const double words = static_cast<double>(named.specificity) * idf_scale(retriever.size()) *
                       (is_clause ? 1 : mean_word_value(named.phrase));
  if (named.field != "trigger") {
    return words;
  }
  const auto adapters = static_cast<double>(retriever.size());
  const auto alike =
      static_cast<double>(std::max<std::int64_t>(1, retriever.trigger_frequency(named.phrase)));
  return std::min(words, std::log1p(adapters / alike) * idf_scale(retriever.size()));
}

std::vector<PromptMatch> match_prompt(const retriever::Retriever& retriever,
                                      std::string_view searchable,
                                      const catalog::AdapterSet& allowed, std::size_t k) {
  const std::string_view text = truncate_utf8(searchable, kLongestText);
  Matches matches = candidates(retriever, text, allowed, k);
  std::stable_sort(matches.begin(), matches.end(), [](const PromptMatch& a, const PromptMatch& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  const NamedModel& model = parameters().named;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const double sum = model.bias + model.lexical * matches[i].score +
                       model.phrase * matches[i].phrase + model.lead * lead_of(matches, i);
    matches[i].confidence = 1 / (1 + std::exp(-sum));
  }
  matches.resize(std::min(matches.size(), k));
  return matches;
}

std::vector<retriever::NamedAdapter> named_specifically(const retriever::Retriever& retriever,
                                                        std::string_view searchable,
                                                        const catalog::AdapterSet& among) {
  std::vector<retriever::NamedAdapter> named =
      retriever.named_in(truncate_utf8(searchable, kLongestText), among);
  std::erase_if(named, [&](const retriever::NamedAdapter& each) {
    return phrase_value(retriever, each) < kLeastNameValue;
  });
  return named;
}

catalog::AdapterSet with_named(catalog::AdapterSet allowed,
                               const std::vector<retriever::NamedAdapter>& named) {
  for (const retriever::NamedAdapter& each : named) {
    allowed.insert(each.row);
  }
  return allowed;
}

}  // namespace stylus::composer
