#include "tests/retriever/sample_corpus.h"

#include <cmath>
#include <random>
#include <sstream>
#include <utility>

namespace stylus::retriever {
namespace {

constexpr std::size_t kVocabulary = 400;
constexpr std::size_t kClusters = 40;

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t n) { return random() % n; }

/// A number that looks normal enough; std::normal_distribution differs between libraries.
float noise(Random& random) {
  float sum = 0;
  for (int i = 0; i < 4; ++i) {
    sum += static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
  }
  return sum;
}

/// Common words first: word i is about as frequent as 1 / (i + 1).
std::string word(Random& random) {
  const double u = static_cast<double>(random() % 100'000) / 100'000.0;
  const auto i = static_cast<std::size_t>(std::pow(static_cast<double>(kVocabulary), u)) - 1;
  static const char* const kStart[] = {"ba",   "lo", "mi", "ter", "gu",
                                       "shan", "ro", "pe", "vik", "zu"};
  static const char* const kMiddle[] = {"ra", "ne", "ki", "lo", "mu", "sta", "bri", "dol"};
  static const char* const kEnd[] = {"n", "t", "king", "ly", "ed"};
  return std::string(kStart[i % 10]) + kMiddle[i / 10 % 8] + kEnd[i / 80 % 5];
}

std::string words(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.append(i == 0 ? "" : " ").append(word(random));
  }
  return text;
}

void normalise(std::span<float> row) {
  float squares = 0;
  for (const float value : row) {
    squares += value * value;
  }
  for (float& value : row) {
    value /= std::sqrt(squares);
  }
}

}  // namespace

catalog::AdapterSet SampleCorpus::all() const { return every(1); }

catalog::AdapterSet SampleCorpus::every(std::int64_t step) const {
  const auto last = static_cast<std::int64_t>(documents.size());
  catalog::AdapterSet set(last);
  for (std::int64_t row = step; row <= last; row += step) {
    set.insert(row);
  }
  return set;
}

SampleCorpus sample_corpus(std::size_t adapters, std::size_t dim, std::uint32_t seed) {
  Random random(seed);
  SampleCorpus corpus;
  corpus.dim = dim;
  for (std::size_t i = 0; i < adapters; ++i) {
    catalog::Document document;
    document.row = static_cast<catalog::AdapterRow>(i + 1);
    document.name = words(random, 1 + below(random, 4));
    for (std::size_t tag = below(random, 6); tag > 0; --tag) {
      document.tags.push_back(words(random, 1 + below(random, 2)));
    }
    for (std::size_t trigger = below(random, 3); trigger > 0; --trigger) {
      document.triggers.push_back(words(random, 1 + below(random, 3)));
    }
    document.description = words(random, below(random, 40));
    corpus.documents.push_back(std::move(document));
  }
  Rows centres(kClusters, dim);
  for (float& value : centres.values) {
    value = noise(random);
  }
  for (Rows& field : corpus.vectors) {
    field = Rows(adapters, dim);
  }
  for (std::size_t i = 0; i < adapters; ++i) {
    const std::span<const float> centre = std::as_const(centres).row(below(random, kClusters));
    for (Rows& field : corpus.vectors) {
      for (std::size_t d = 0; d < dim; ++d) {
        field.row(i)[d] = centre[d] + noise(random);
      }
      normalise(field.row(i));
    }
  }
  return corpus;
}

SampleQueries sample_queries(const SampleCorpus& corpus, std::size_t count, std::uint32_t seed) {
  Random random(seed);
  SampleQueries queries;
  queries.vectors = Rows(count, corpus.dim);
  for (std::size_t i = 0; i < count; ++i) {
    queries.texts.push_back(words(random, 1 + below(random, 3)));
    const std::size_t near = below(random, corpus.documents.size());
    for (std::size_t d = 0; d < corpus.dim; ++d) {
      queries.vectors.row(i)[d] = corpus.vectors[0].row(near)[d] + 0.03F * noise(random);
    }
    normalise(queries.vectors.row(i));
  }
  return queries;
}

std::string index_bytes(const SampleCorpus& corpus, const IndexOptions& options,
                        std::span<const catalog::AdapterRow> rows, bool with_vectors) {
  std::vector<catalog::AdapterRow> chosen(rows.begin(), rows.end());
  for (std::size_t i = 0; rows.empty() && i < corpus.documents.size(); ++i) {
    chosen.push_back(static_cast<catalog::AdapterRow>(i + 1));
  }
  IndexBuilder builder(options);
  for (const catalog::AdapterRow row : chosen) {
    builder.add(corpus.documents[static_cast<std::size_t>(row - 1)]);
  }
  for (std::size_t f = 0; f < kVectorFields && with_vectors; ++f) {
    for (const catalog::AdapterRow row : chosen) {
      builder.set_vector(f, row, corpus.vectors[f].row(static_cast<std::size_t>(row - 1)));
    }
  }
  std::ostringstream out;
  builder.write(out);
  return std::move(out).str();
}

}  // namespace stylus::retriever
