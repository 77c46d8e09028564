#include "refiner/embedder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "support/hash.h"

namespace stylus::refiner {
namespace {

constexpr std::array<const char*, 3> kFields = {"title", "title_tags", "summary"};
constexpr std::size_t kBatch = 512;      // texts encoded and stored together
constexpr std::size_t kHashDigits = 32;  // VectorKey::text_hash

/// A text that needs a vector.
struct Job {
  catalog::VectorKey key;
  std::string text;
};

/// The text hashes that the catalogue has vectors for, by field and row.
using KnownHashes = std::array<std::map<catalog::AdapterRow, std::string>, kFields.size()>;

KnownHashes known_hashes(const catalog::Catalog& catalog, const std::string& encoder_id) {
  KnownHashes known;
  for (std::size_t f = 0; f < kFields.size(); ++f) {
    for (auto& [row, hash] : catalog.vector_hashes(encoder_id, kFields[f])) {
      known[f].emplace_hint(known[f].end(), row, std::move(hash));
    }
  }
  return known;
}

/// Encodes every distinct text of the jobs once and stores all vectors in one transaction.
void encode_and_store(catalog::Catalog& catalog, const encoder::TextEncoder& encoder,
                      std::span<const Job> jobs) {
  std::map<std::string, std::size_t> place;
  std::vector<std::string> texts;
  for (const Job& job : jobs) {
    if (place.emplace(job.text, texts.size()).second) {
      texts.push_back(job.text);
    }
  }
  const Rows encoded = encoder.encode(texts);  // [distinct, D]
  Rows vectors(jobs.size(), encoded.dim);      // [jobs, D]
  std::vector<catalog::VectorKey> keys;
  keys.reserve(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto from = encoded.row(place.at(jobs[i].text));
    std::copy(from.begin(), from.end(), vectors.row(i).begin());
    keys.push_back(jobs[i].key);
  }
  catalog.store_vectors(encoder.id(), keys, vectors.view());
}

}  // namespace

EmbedReport embed_catalog(catalog::Catalog& catalog, const encoder::TextEncoder& encoder,
                          const ProgressFn& progress) {
  EmbedReport report;
  const KnownHashes known = known_hashes(catalog, encoder.id());
  std::vector<Job> jobs;
  catalog.for_each_document(0, [&](const catalog::Document& document) {
    ++report.adapters;
    const TextForms forms = text_forms(document);
    const std::array<const std::string*, kFields.size()> texts = {&forms.title, &forms.title_tags,
                                                                  &forms.summary};
    for (std::size_t f = 0; f < kFields.size(); ++f) {
      std::string hash = sha256_hex(*texts[f]).substr(0, kHashDigits);
      const auto found = known[f].find(document.row);
      if (found != known[f].end() && found->second == hash) {
        ++report.reused;
      } else {
        jobs.push_back({{document.row, kFields[f], std::move(hash)}, *texts[f]});
      }
    }
  });

  for (std::size_t begin = 0; begin < jobs.size(); begin += kBatch) {
    if (progress) {
      progress({"encoding texts", begin, jobs.size()});
    }
    const std::size_t count = std::min(kBatch, jobs.size() - begin);
    encode_and_store(catalog, encoder, std::span(jobs).subspan(begin, count));
    report.encoded += static_cast<std::int64_t>(count);
  }
  if (progress && !jobs.empty()) {
    progress({"encoding texts", jobs.size(), jobs.size()});
  }
  return report;
}

}  // namespace stylus::refiner
