// How long does one call of rank() take, and does the first stage keep the first ten?
//
// Unit: ms of wall time and of CPU over all threads, per call (one call = all keywords of a
// prompt). Data: synthetic and seeded. Words follow a Zipf law over 20,000; vectors have 512
// dimensions with the spectrum measured on the real catalogue (the first 64, 128, 256 directions
// hold 74, 87, 97 % of the energy) around cluster centres. Arguments: adapters, per cent that the
// filter allows, keywords. Counter `same10`: share of keywords whose first ten equal those of the
// exact scan. A million adapters need 8 GB of memory and 4 GB of disk while the index is built.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "retriever/index_builder.h"
#include "retriever/search_index.h"
#include "support/rows.h"

namespace {

using namespace stylus;
using namespace stylus::retriever;

constexpr std::size_t kDim = 512;
constexpr std::size_t kWords = 20'000;
constexpr std::size_t kClusters = 5000;
constexpr std::size_t kQueries = 64;
constexpr double kCommonestAsked = 20;

/// xorshift: the same numbers everywhere, and fast enough for 1.5 billion of them.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  std::uint64_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return state_;
  }
  std::size_t below(std::size_t n) { return next() % n; }
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Adds spectrum-shaped noise of length about `length` to a row, four numbers a draw.
void add_noise(Random& random, float length, std::span<float> row) {
  static const std::vector<float> kSpectrum = [] {
    std::vector<float> deviations(kDim);
    double total = 0;
    for (std::size_t d = 0; d < kDim; ++d) {
      const double energy = std::exp(-static_cast<double>(d) / 60);
      deviations[d] = static_cast<float>(std::sqrt(energy));
      total += energy;
    }
    for (float& deviation : deviations) {
      // A 16-bit uniform number less its mean has deviation 65536 / sqrt(12).
      deviation *= static_cast<float>(std::sqrt(12.0) / 65536 / std::sqrt(total));
    }
    return deviations;
  }();
  for (std::size_t d = 0; d < kDim; d += 4) {
    std::uint64_t bits = random.next();
    for (std::size_t i = 0; i < 4; ++i, bits >>= 16U) {
      row[d + i] += length * kSpectrum[d + i] * (static_cast<float>(bits & 0xFFFFU) - 32767.5F);
    }
  }
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

/// The vector of one adapter and field; the same whenever it is asked for.
void vector_of(std::size_t adapter, std::size_t field, std::span<float> row) {
  std::fill(row.begin(), row.end(), 0.0F);
  Random own(adapter * 4 + 17);
  Random centre(own.below(kClusters) + 1);
  add_noise(centre, 1, row);
  add_noise(own, 0.6F, row);
  Random of_field(adapter * 4 + field + 1'000'000'007);
  add_noise(of_field, 0.4F, row);
  normalise(row);
}

/// One of the words from the `commonest`-th on, with Zipf's frequencies.
std::string word(Random& random, double commonest = 1) {
  const double rank =
      commonest * std::pow(static_cast<double>(kWords) / commonest, random.uniform());
  auto i = static_cast<std::size_t>(rank);
  std::string text;
  for (; i > 0; i /= 20) {
    text += "bcdfghjklmnprstvwxyz"[i % 20];
    text += "aeiou"[i % 5];
  }
  return text;
}

std::string words(Random& random, std::size_t count, double commonest = 1) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.append(word(random, commonest)).append(" ");
  }
  return text;
}

catalog::Document document_of(std::size_t adapter) {
  Random random(adapter);
  catalog::Document document;
  document.row = static_cast<catalog::AdapterRow>(adapter);
  document.name = words(random, 3);
  document.tags = {word(random), word(random), words(random, 2)};
  document.triggers = {words(random, 2)};
  document.description = words(random, 40);
  return document;
}

/// An index file that goes away at the end of the program.
class IndexFile {
 public:
  explicit IndexFile(std::size_t adapters)
      : path_(std::filesystem::temp_directory_path() /
              ("stylus-bench-" + std::to_string(::getpid()) + "-" + std::to_string(adapters))) {
    IndexBuilder builder(IndexOptions{});
    for (std::size_t i = 1; i <= adapters; ++i) {
      builder.add(document_of(i));
    }
    std::vector<float> row(kDim);
    for (std::size_t field = 0; field < kVectorFields; ++field) {
      for (std::size_t i = 1; i <= adapters; ++i) {
        vector_of(i, field, row);
        builder.set_vector(field, static_cast<catalog::AdapterRow>(i), row);
      }
    }
    std::ofstream out(path_, std::ios::binary);
    builder.write(out);
  }
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;
  ~IndexFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const IndexFile& index_file(std::int64_t adapters) {
  static std::map<std::int64_t, std::unique_ptr<IndexFile>> files;
  std::unique_ptr<IndexFile>& file = files[adapters];
  if (!file) {
    file = std::make_unique<IndexFile>(static_cast<std::size_t>(adapters));
  }
  return *file;
}

struct Batch {
  std::vector<Query> queries;
  Rows vectors;
};

/// Keywords whose words stand in some 5 % of the adapters, as real ones do, with vectors near a
/// title.
Batch batch(std::size_t adapters, std::size_t keywords, std::size_t number) {
  Batch made;
  made.vectors = Rows(keywords, kDim);
  for (std::size_t i = 0; i < keywords; ++i) {
    Random random(number * kQueries + i + 99);
    made.queries.push_back({words(random, 1 + random.below(2), kCommonestAsked)});
    vector_of(1 + random.below(adapters), 0, made.vectors.row(i));
    add_noise(random, 0.8F, made.vectors.row(i));
    normalise(made.vectors.row(i));
  }
  return made;
}

double same_first_ten(const SearchIndex& index, const Batch& asked,
                      const catalog::AdapterSet& allowed) {
  RankOptions exact;
  exact.exact = true;
  const auto fast = index.rank(asked.queries, asked.vectors.view(), allowed, {});
  const auto full = index.rank(asked.queries, asked.vectors.view(), allowed, exact);
  std::size_t same = 0;
  for (std::size_t i = 0; i < full.size(); ++i) {
    const auto& a = full[i].candidates;
    const auto& b = fast[i].candidates;
    const auto equal = [](const Candidate& x, const Candidate& y) { return x.row == y.row; };
    same += std::equal(a.begin(), a.end(), b.begin(), b.end(), equal) ? 1 : 0;
  }
  return static_cast<double>(same) / static_cast<double>(full.size());
}

void rank(benchmark::State& state) {
  const auto adapters = static_cast<std::size_t>(state.range(0));
  const auto keywords = static_cast<std::size_t>(state.range(2));
  const SearchIndex index(IndexView(index_file(state.range(0)).path()));
  catalog::AdapterSet allowed(state.range(0));
  for (std::size_t row = 1; row <= adapters; ++row) {
    if (Random(row).below(100) < static_cast<std::size_t>(state.range(1))) {
      allowed.insert(static_cast<catalog::AdapterRow>(row));
    }
  }
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < kQueries / keywords; ++i) {
    batches.push_back(batch(adapters, keywords, i));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const Batch& asked = batches[next++ % batches.size()];
    benchmark::DoNotOptimize(index.rank(asked.queries, asked.vectors.view(), allowed, {}));
  }
  const Batch checked = batch(adapters, kQueries, 1);
  state.counters["same10"] = same_first_ten(index, checked, allowed);
}
/// Opening maps the file and checks its header: the part of a cold start that this room owns.
void open_index(benchmark::State& state) {
  const std::filesystem::path path = index_file(state.range(0)).path();
  for (auto _ : state) {
    const SearchIndex index{IndexView(path)};
    benchmark::DoNotOptimize(index.corpus().adapters());
  }
}
BENCHMARK(open_index)->ArgName("adapters")->Arg(5000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void time_ranking(const std::vector<std::int64_t>& sizes) {
  benchmark::RegisterBenchmark("rank", rank)
      ->ArgNames({"adapters", "percent", "keywords"})
      ->ArgsProduct({sizes, {1, 10, 100}, {1, 8}})
      ->Unit(benchmark::kMillisecond)
      ->MeasureProcessCPUTime()
      ->UseRealTime();
}

void write_rows(const std::filesystem::path& path, std::size_t rows, const auto& row_of) {
  std::ofstream out(path, std::ios::binary);
  std::vector<float> row(kDim);
  for (std::size_t i = 0; i < rows; ++i) {
    row_of(i, row);
    out.write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size() * sizeof(float)));
  }
}

/// vectors.f32 (title and tags), queries.f32, texts.txt and queries.txt, a line or a row each.
void export_to(const std::filesystem::path& folder, std::size_t adapters) {
  std::filesystem::create_directories(folder);
  write_rows(folder / "vectors.f32", adapters,
             [](std::size_t i, std::vector<float>& row) { vector_of(i + 1, 1, row); });
  std::ofstream texts(folder / "texts.txt");
  for (std::size_t i = 1; i <= adapters; ++i) {
    const catalog::Document document = document_of(i);
    texts << document.name << '\t' << document.tags[0] << ' ' << document.tags[1] << ' '
          << document.tags[2] << '\t' << document.triggers[0] << '\t' << document.description
          << '\n';
  }
  const Batch asked = batch(adapters, kQueries, 0);
  write_rows(folder / "queries.f32", kQueries, [&](std::size_t i, std::vector<float>& row) {
    std::copy(asked.vectors.row(i).begin(), asked.vectors.row(i).end(), row.begin());
  });
  std::ofstream queries(folder / "queries.txt");
  for (const Query& query : asked.queries) {
    queries << query.text << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> rest;
  std::vector<std::int64_t> sizes = {10'000, 100'000};
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--million") {
      sizes.push_back(1'000'000);
    } else if (argument == "--export" && i + 2 < argc) {
      export_to(argv[i + 1], std::stoul(argv[i + 2]));
      return 0;
    } else {
      rest.push_back(argv[i]);
    }
  }
  time_ranking(sizes);
  int count = static_cast<int>(rest.size());
  benchmark::Initialize(&count, rest.data());
  benchmark::RunSpecifiedBenchmarks();
}
