#include "tests/retriever/naive_ranking.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "retriever/terms.h"
#include "support/half.h"
#include "support/text.h"

namespace stylus::retriever {
namespace {

std::vector<std::string> stems_of(const std::string& text) {
  std::vector<std::string> stems;
  for (const Term& term : terms_of(text)) {
    stems.push_back(term.stem);
  }
  return stems;
}

double idf_of(double all, double with) { return std::log(1 + (all - with + 0.5) / (with + 0.5)); }

/// z-scores of one column, population deviation.
std::vector<double> z_of(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) {
    mean += value / static_cast<double>(values.size());
  }
  double variance = 0;
  for (const double value : values) {
    variance += (value - mean) * (value - mean) / static_cast<double>(values.size());
  }
  std::vector<double> z;
  for (const double value : values) {
    z.push_back((value - mean) / (std::sqrt(variance) + 1e-9));
  }
  return z;
}

}  // namespace

NaiveRanking::NaiveRanking(const SampleCorpus& corpus) : corpus_(corpus) {
  for (const catalog::Document& document : corpus.documents) {
    fields_.push_back({stems_of(document.name), stems_of(join(document.tags, ", ")),
                       stems_of(join(document.triggers, ", ")), stems_of(document.description)});
  }
}

double NaiveRanking::mean_length(std::size_t field) const {
  double total = 0;
  for (const auto& fields : fields_) {
    total += static_cast<double>(fields[field].size());
  }
  return total / static_cast<double>(fields_.size());
}

double NaiveRanking::idf(const std::string& stem) const {
  const auto with = std::count_if(fields_.begin(), fields_.end(), [&](const auto& fields) {
    return std::any_of(fields.begin(), fields.end(), [&](const auto& field) {
      return std::find(field.begin(), field.end(), stem) != field.end();
    });
  });
  return with == 0 ? 0 : idf_of(static_cast<double>(fields_.size()), static_cast<double>(with));
}

double NaiveRanking::bm25f(const std::vector<std::string>& stems, std::size_t document) const {
  constexpr std::array<double, kFields> kWeights = {3, 2, 1, 0.5};
  double score = 0;
  for (const std::string& stem : std::set<std::string>(stems.begin(), stems.end())) {
    double x = 0;
    for (std::size_t f = 0; f < kFields; ++f) {
      const auto& field = fields_[document][f];
      const auto count = static_cast<double>(std::count(field.begin(), field.end(), stem));
      x += kWeights[f] * count / (0.25 + 0.75 * static_cast<double>(field.size()) / mean_length(f));
    }
    score += idf(stem) * x * 2.2 / (x + 1.2);
  }
  return score;
}

double NaiveRanking::field_bm25(const std::string& text, std::size_t field,
                                catalog::AdapterRow row) const {
  const auto& own = fields_[static_cast<std::size_t>(row - 1)][field];
  const std::vector<std::string> stems = stems_of(text);
  double score = 0;
  for (const std::string& stem : std::set<std::string>(stems.begin(), stems.end())) {
    const auto with = std::count_if(fields_.begin(), fields_.end(), [&](const auto& fields) {
      return std::find(fields[field].begin(), fields[field].end(), stem) != fields[field].end();
    });
    const auto count = static_cast<double>(std::count(own.begin(), own.end(), stem));
    const double x = count / (0.25 + 0.75 * static_cast<double>(own.size()) / mean_length(field));
    if (count > 0) {
      score += idf_of(static_cast<double>(fields_.size()), static_cast<double>(with)) * x * 2.2 /
               (x + 1.2);
    }
  }
  return score;
}

std::vector<NaiveRanking::Scored> NaiveRanking::rank(const std::string& text,
                                                     std::span<const float> vector,
                                                     const catalog::AdapterSet& allowed) const {
  const std::vector<std::string> stems = stems_of(text);
  const bool any_known = std::any_of(stems.begin(), stems.end(),
                                     [&](const std::string& stem) { return idf(stem) > 0; });
  std::vector<Scored> scored;
  std::vector<double> lexical;
  std::array<std::vector<double>, kVectorFields> cosines;
  for (std::size_t i = 0; i < corpus_.documents.size(); ++i) {
    Scored one;
    one.row = corpus_.documents[i].row;
    if (!allowed.contains(one.row)) {
      continue;
    }
    one.lexical = bm25f(stems, i);
    lexical.push_back(one.lexical);
    for (std::size_t f = 0; f < kVectorFields && !vector.empty(); ++f) {
      for (std::size_t d = 0; d < corpus_.dim; ++d) {
        one.cosines[f] += double{from_half(to_half(corpus_.vectors[f].row(i)[d]))} * vector[d];
      }
      cosines[f].push_back(one.cosines[f]);
    }
    scored.push_back(one);
  }
  const std::vector<double> z_words = z_of(lexical);
  std::vector<double> dense(scored.size());
  for (std::size_t f = 0; f < kVectorFields && !vector.empty(); ++f) {
    const std::vector<double> z = z_of(cosines[f]);
    std::transform(dense.begin(), dense.end(), z.begin(), dense.begin(), std::plus<>());
  }
  dense = z_of(dense);
  for (std::size_t i = 0; i < scored.size(); ++i) {
    scored[i].z_lexical = any_known ? z_words[i] : 0;
    scored[i].score =
        vector.empty() ? scored[i].z_lexical : 0.7 * dense[i] + 0.3 * scored[i].z_lexical;
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const Scored& a, const Scored& b) { return a.score > b.score; });
  return scored;
}

}  // namespace stylus::retriever
