// How long does a plan take, from the prompt to the finished value?
//
// Unit: ms of wall time per plan; `median`, `p95` and `most` are over the plans of one run, `cpu`
// is the median of the CPU time of all threads, which other work on the machine disturbs less.
// `plan` and `plan_by_words` (without encoder) take six ten-word prompts in turn; `plan_list` and
// `plan_list_by_words` take each prompt of STYLUS_BENCH_PROMPTS once, a file with one a line: plain
// text, or JSON with "prompt" or "caption". Nothing is cached between plans but the filter.
//
// Argument: adapters in the catalogue, a real database. STYLUS_BENCH_CARDS names a card list whose
// cards are drawn again; synthetic cards otherwise. A drawn card gets the vectors of the real one
// with noise (cosine 0.9 to it), a synthetic one random unit rows: encoding a million cards takes
// hours. Without an encoder in build/encoders only the runs by words are there.
//
// A million adapters are measured when STYLUS_BENCH_MILLION is set: 12 GB of memory, 12 GB of disk,
// and a quarter of an hour to import. STYLUS_BENCH_KEEP names a folder in which the catalogues stay
// for the next run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "benchmarks/catalog_cards.h"
#include "catalog/importer.h"
#include "composer/composer.h"
#include "encoder/encoder.h"
#include "refiner/embedder.h"
#include "support/error.h"
#include "support/rows.h"

namespace {

using namespace stylus;

const std::vector<std::string> kPrompts = {
    "a white tour bus on a street in a rainy city at night",
    "an old lighthouse in a storm with a ship, ukiyo-e",
    "two penguins with red scarves on the ice under northern lights",
    "a red fox reading a book in a small library, watercolour",
    "a steam train that crosses a stone viaduct in the mist",
    "masterpiece, 1girl, hanfu, tang style, lantern festival, bokeh, night, cherry blossoms",
};

constexpr std::array<const char*, 3> kFields = {"title", "title_tags", "summary"};

void normalise(std::span<float> row) {
  float squares = 0;
  for (const float value : row) {
    squares += value * value;
  }
  for (float& value : row) {
    value /= std::sqrt(squares);
  }
}

/// A unit row in a random direction at cosine 0.9 to `from`; any unit row if that is empty.
void draw_vector(std::mt19937& random, std::span<const float> from, std::span<float> row) {
  // Sums of four bytes are normal enough, and a million rows have 1.5 billion numbers.
  for (float& value : row) {
    const auto bits = random();
    value = static_cast<float>((bits & 255U) + (bits >> 8U & 255U) + (bits >> 16U & 255U) +
                               (bits >> 24U)) -
            510;
  }
  normalise(row);
  if (!from.empty()) {
    for (std::size_t d = 0; d < row.size(); ++d) {
      row[d] = 0.9F * from[d] + 0.436F * row[d];
    }
    normalise(row);
  }
}

/// The vectors of the cards that the benchmark draws from, in their order.
class RealVectors {
 public:
  RealVectors(const std::filesystem::path& folder, const encoder::TextEncoder& encoder) {
    const char* list = std::getenv("STYLUS_BENCH_CARDS");
    if (list == nullptr) {
      return;
    }
    catalog::Catalog catalog(folder / "real.db", catalog::OpenMode::kReadWrite);
    static_cast<void>(catalog::import_paths(catalog, {list}, {}));
    refiner::embed_catalog(catalog, encoder, {});
    for (std::size_t f = 0; f < kFields.size(); ++f) {
      vectors_[f] = Rows(static_cast<std::size_t>(catalog.max_row()), encoder.dim());
      catalog.for_each_vector(
          encoder.id(), kFields[f], 0, [&](catalog::AdapterRow row, std::span<const float> vector) {
            std::copy(vector.begin(), vector.end(),
                      vectors_[f].row(static_cast<std::size_t>(row - 1)).begin());
          });
    }
  }
  [[nodiscard]] std::span<const float> of(std::size_t field, std::size_t card) const {
    const Rows& rows = vectors_[field];
    return rows.rows == 0 ? std::span<const float>() : rows.row(card % rows.rows);
  }

 private:
  std::array<Rows, kFields.size()> vectors_;
};

void store_vectors(catalog::Catalog& catalog, const encoder::TextEncoder& encoder,
                   const RealVectors& real, const std::vector<std::uint32_t>& drawn) {
  constexpr catalog::AdapterRow kBatch = 4096;
  std::mt19937 random(5);
  for (std::size_t f = 0; f < kFields.size(); ++f) {
    for (catalog::AdapterRow first = 1; first <= catalog.max_row(); first += kBatch) {
      const catalog::AdapterRow end = std::min(first + kBatch, catalog.max_row() + 1);
      Rows rows(static_cast<std::size_t>(end - first), encoder.dim());
      std::vector<catalog::VectorKey> keys;
      for (std::size_t i = 0; i < rows.rows; ++i) {
        const catalog::AdapterRow row = first + static_cast<catalog::AdapterRow>(i);
        keys.push_back({row, kFields[f], std::string(32, '0')});
        draw_vector(random, real.of(f, drawn[static_cast<std::size_t>(row - 1)]), rows.row(i));
      }
      catalog.store_vectors(encoder.id(), keys, rows.view());
    }
  }
}

/// A catalogue with index, made once per size and kept if asked for.
class Shelf {
 public:
  Shelf(std::int64_t adapters, const encoder::TextEncoder* encoder) {
    const char* keep = std::getenv("STYLUS_BENCH_KEEP");
    const std::filesystem::path folder =
        keep == nullptr ? own_ / "shelf" : std::filesystem::path(keep) / std::to_string(adapters);
    const std::string id = encoder == nullptr ? "" : encoder->id();
    const std::filesystem::path finished = folder / (id.empty() ? "finished-by-words" : "finished");
    if (!std::filesystem::exists(finished)) {
      std::filesystem::remove_all(folder);
      std::filesystem::create_directories(folder);
      make(folder, adapters, encoder);
      std::ofstream{finished};
    }
    catalog_.emplace(folder / "catalog.db", catalog::OpenMode::kReadOnly);
    retriever_.emplace(*catalog_, folder / "index", id);
    with_encoder_.emplace(*catalog_, *retriever_, encoder);
    by_words_.emplace(*catalog_, *retriever_, nullptr);
  }
  [[nodiscard]] const composer::Composer& composer(bool by_words) const {
    return by_words ? *by_words_ : *with_encoder_;
  }

 private:
  static void make(const std::filesystem::path& folder, std::int64_t adapters,
                   const encoder::TextEncoder* encoder) {
    catalog::Catalog catalog(folder / "catalog.db", catalog::OpenMode::kReadWrite);
    const std::vector<std::uint32_t> drawn = write_cards(folder / "cards.jsonl", adapters);
    catalog::ImportOptions options;
    options.example_prompts = false;
    static_cast<void>(catalog::import_paths(catalog, {folder / "cards.jsonl"}, options));
    std::filesystem::remove(folder / "cards.jsonl");
    require(catalog.size() == adapters, ErrorCode::kCorruptData, "of ", adapters, " drawn cards ",
            catalog.size(), " were stored");
    if (encoder != nullptr) {
      store_vectors(catalog, *encoder, RealVectors(folder, *encoder), drawn);
      std::filesystem::remove(folder / "real.db");
    }
    retriever::Retriever::build(catalog, folder / "index", encoder == nullptr ? "" : encoder->id());
  }

  BenchFolder own_;
  std::optional<catalog::Catalog> catalog_;
  std::optional<retriever::Retriever> retriever_;
  std::optional<composer::Composer> with_encoder_;
  std::optional<composer::Composer> by_words_;
};

const encoder::TextEncoder* default_encoder() {
  static const std::unique_ptr<encoder::TextEncoder> kEncoder = [] {
    const std::filesystem::path folder =
        std::filesystem::path(STYLUS_ENCODERS_DIR) / "use-multilingual-v3";
    return std::filesystem::exists(folder) ? encoder::open_text_encoder(folder) : nullptr;
  }();
  return kEncoder.get();
}

const Shelf& shelf_of(std::int64_t adapters) {
  static std::map<std::int64_t, std::unique_ptr<Shelf>> shelves;
  std::unique_ptr<Shelf>& shelf = shelves[adapters];
  if (!shelf) {
    shelf = std::make_unique<Shelf>(adapters, default_encoder());
  }
  return *shelf;
}

/// The prompts of STYLUS_BENCH_PROMPTS.
std::vector<std::string> listed_prompts() {
  std::vector<std::string> prompts;
  const char* list = std::getenv("STYLUS_BENCH_PROMPTS");
  std::ifstream stream(list == nullptr ? "" : list);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with('{')) {
      const nlohmann::json entry = nlohmann::json::parse(line);
      line = entry.value(entry.contains("prompt") ? "prompt" : "caption", "");
    }
    prompts.push_back(line);
  }
  return prompts;
}

double now_ms(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

void run_plans(benchmark::State& state, const std::vector<std::string>& prompts, bool by_words) {
  if (!by_words && default_encoder() == nullptr) {
    state.SkipWithError("no encoder in build/encoders; tools/test makes it");
    return;
  }
  const composer::Composer& composer = shelf_of(state.range(0)).composer(by_words);
  composer::ComposeOptions options;
  options.filter.base = "sd15";
  options.filter.allow_unrated = true;
  benchmark::DoNotOptimize(composer.plan(prompts.front(), options));  // compiles the filters
  std::vector<double> wall;
  std::vector<double> cpu;
  std::size_t next = 0;
  for (auto _ : state) {
    const double wall_before = now_ms(CLOCK_MONOTONIC);
    const double cpu_before = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    benchmark::DoNotOptimize(composer.plan(prompts[next++ % prompts.size()], options));
    cpu.push_back(now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_before);
    wall.push_back(now_ms(CLOCK_MONOTONIC) - wall_before);
  }
  std::sort(wall.begin(), wall.end());
  std::sort(cpu.begin(), cpu.end());
  state.counters["median"] = wall[wall.size() / 2];
  state.counters["p95"] = wall[wall.size() * 95 / 100];
  state.counters["most"] = wall.back();
  state.counters["cpu"] = cpu[cpu.size() / 2];
  state.counters["cpu_p95"] = cpu[cpu.size() * 95 / 100];
}

void plan(benchmark::State& state) { run_plans(state, kPrompts, false); }
void plan_by_words(benchmark::State& state) { run_plans(state, kPrompts, true); }

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("adapters")->Unit(benchmark::kMillisecond)->UseRealTime();
  bench->Arg(5000)->Arg(100'000);
  if (std::getenv("STYLUS_BENCH_MILLION") != nullptr) {
    bench->Arg(1'000'000);
  }
}
BENCHMARK(plan)->Apply(sizes);
BENCHMARK(plan_by_words)->Apply(sizes);

void register_listed() {
  const std::vector<std::string> prompts = listed_prompts();
  if (prompts.empty()) {
    return;
  }
  for (const bool by_words : {false, true}) {
    auto* bench = benchmark::RegisterBenchmark(
        by_words ? "plan_list_by_words" : "plan_list",
        [prompts, by_words](benchmark::State& state) { run_plans(state, prompts, by_words); });
    sizes(bench);
    bench->Iterations(static_cast<benchmark::IterationCount>(prompts.size()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  register_listed();
  benchmark::RunSpecifiedBenchmarks();
}
