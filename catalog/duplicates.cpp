// Likely duplicates: by hash, by origin, by text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "catalog/entry.h"
#include "catalog/impl.h"
#include "catalog/maintenance.h"
#include "catalog/words.h"

namespace stylus::catalog {
namespace {

constexpr std::size_t kShingleWords = 3;
constexpr std::size_t kMinShingles = 8;
constexpr std::size_t kMaxWords = 400;
constexpr double kSimilar = 0.8;
constexpr double kSimilarName = 0.5;
constexpr std::size_t kNameWords = 32;
constexpr std::size_t kBands = 16;
constexpr std::size_t kBandRows = 4;
/// A bucket of more texts than this is boilerplate; each is compared with the first ones only.
constexpr std::size_t kMaxBucket = 50;

std::uint64_t mix(std::uint64_t value) {  // splitmix64's finisher: any good mixer does
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return mix(hash);
}

void sort_unique(std::vector<std::uint64_t>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

std::vector<std::uint64_t> name_words(std::string_view name) {
  std::vector<std::uint64_t> hashes;
  for (const std::string& word : words_of(name, kNameWords)) {
    hashes.push_back(hash_of(word));
  }
  sort_unique(hashes);
  return hashes;
}

/// Hashes of all runs of three words, ascending, each once.
std::vector<std::uint64_t> shingles_of(std::string_view text) {
  const std::vector<std::string> words = words_of(text, kMaxWords);
  std::vector<std::uint64_t> shingles;
  for (std::size_t i = 0; i + kShingleWords <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t j = 0; j < kShingleWords; ++j) {
      hash = mix(hash + hash_of(words[i + j]));
    }
    shingles.push_back(hash);
  }
  sort_unique(shingles);
  return shingles;
}

double overlap(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::vector<std::uint64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t all = a.size() + b.size() - both.size();
  return all == 0 ? 0 : static_cast<double>(both.size()) / static_cast<double>(all);
}

struct Text {
  AdapterRow row = 0;
  std::vector<std::string> bases;
  std::vector<std::uint64_t> name;      ///< Hashes of its words, ascending, each once.
  std::vector<std::uint64_t> shingles;  ///< The same of runs of words.
};

bool may_share_base(const Text& a, const Text& b) {
  return a.bases.empty() || b.bases.empty() ||
         std::find_first_of(a.bases.begin(), a.bases.end(), b.bases.begin(), b.bases.end()) !=
             a.bases.end();
}

/// Groups under "is similar to", with the least similarity that joined each.
class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count), least_(count, 1) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) {
      parent_[i] = parent_[parent_[i]];
      i = parent_[i];
    }
    return i;
  }
  void join(std::size_t a, std::size_t b, double similarity) {
    a = find(a);
    b = find(b);
    const std::size_t root = std::min(a, b);
    least_[root] = std::min({least_[a], least_[b], similarity});
    parent_[a] = root;
    parent_[b] = root;
  }
  [[nodiscard]] double least(std::size_t root) const { return least_[root]; }

 private:
  std::vector<std::size_t> parent_;
  std::vector<double> least_;
};

std::vector<Text> read_texts(Database& database) {
  std::vector<Text> texts;
  Database::Query query = database.query(
      "SELECT d.row, d.name, d.triggers, d.description, a.bases, a.tensor_bases FROM document d "
      "JOIN adapter a USING (row) ORDER BY d.row");
  while (query->step()) {
    std::string all(query->text(2));
    all.append("\n").append(query->text(3));
    Text text{query->integer(0), unpack_list(query->text(4)), name_words(query->text(1)),
              shingles_of(all)};
    if (text.bases.empty()) {
      text.bases = unpack_list(query->text(5));
    }
    if (text.shingles.size() >= kMinShingles) {
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

std::uint64_t band_key(const Text& text, std::size_t band) {
  std::uint64_t key = band;
  for (std::size_t row = 0; row < kBandRows; ++row) {
    const std::uint64_t seed = mix(band * kBandRows + row + 1);
    std::uint64_t least = UINT64_MAX;
    for (const std::uint64_t shingle : text.shingles) {
      least = std::min(least, mix(shingle ^ seed));
    }
    key = mix(key + least);
  }
  return key;
}

using Pairs = std::set<std::pair<AdapterRow, AdapterRow>>;

void add_similar(Database& database, const Pairs& known, std::vector<DuplicateGroup>& groups) {
  const std::vector<Text> texts = read_texts(database);
  Groups joined(texts.size());
  for (std::size_t band = 0; band < kBands; ++band) {
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> buckets;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::vector<std::size_t>& bucket = buckets[band_key(texts[i], band)];
      for (const std::size_t other : bucket) {
        if (joined.find(other) == joined.find(i) || !may_share_base(texts[other], texts[i]) ||
            known.count({texts[other].row, texts[i].row}) != 0) {
          continue;
        }
        const double similarity = overlap(texts[other].shingles, texts[i].shingles);
        // Authors use one text for many adapters: the names tell those apart.
        if (similarity >= kSimilar && overlap(texts[other].name, texts[i].name) >= kSimilarName) {
          joined.join(other, i, similarity);
        }
      }
      if (bucket.size() < kMaxBucket) {
        bucket.push_back(i);
      }
    }
  }
  std::map<std::size_t, DuplicateGroup> by_root;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    by_root[joined.find(i)].rows.push_back(texts[i].row);
  }
  for (auto& [root, group] : by_root) {
    if (group.rows.size() > 1) {
      std::ostringstream evidence;
      evidence.precision(2);
      evidence << "similarity " << joined.least(root);
      group.reason = DuplicateReason::kSimilarText;
      group.evidence = evidence.str();
      groups.push_back(std::move(group));
    }
  }
}

/// Groups of rows that share a key; `sql` yields (key, row), ordered so.
void add_equal(Database& database, std::string_view sql, DuplicateReason reason,
               std::vector<DuplicateGroup>& groups, Pairs& known) {
  DuplicateGroup group;
  std::set<std::vector<AdapterRow>> seen;
  const auto finish = [&] {
    if (group.rows.size() > 1 && seen.insert(group.rows).second) {
      for (std::size_t i = 0; i < group.rows.size(); ++i) {
        for (std::size_t j = i + 1; j < group.rows.size(); ++j) {
          known.emplace(group.rows[i], group.rows[j]);
        }
      }
      groups.push_back(group);
    }
    group.rows.clear();
  };
  group.reason = reason;
  Database::Query query = database.query(sql);
  while (query->step()) {
    if (query->text(0) != group.evidence) {
      finish();
      group.evidence = query->text(0);
    }
    group.rows.push_back(query->integer(1));
  }
  finish();
}

}  // namespace

std::vector<DuplicateGroup> duplicates(const Catalog& catalog) {
  Database& database = catalog.impl().database;
  std::vector<DuplicateGroup> groups;
  Pairs known;
  add_equal(database, "SELECT sha256, row FROM known_hash ORDER BY sha256, row",
            DuplicateReason::kSameBytes, groups, known);
  add_equal(database, "SELECT origin, row FROM adapter WHERE origin <> '' ORDER BY origin, row",
            DuplicateReason::kSameOrigin, groups, known);
  add_similar(database, known, groups);
  std::stable_sort(
      groups.begin(), groups.end(), [](const DuplicateGroup& a, const DuplicateGroup& b) {
        return a.reason != b.reason ? a.reason < b.reason : a.rows.front() < b.rows.front();
      });
  return groups;
}

}  // namespace stylus::catalog
