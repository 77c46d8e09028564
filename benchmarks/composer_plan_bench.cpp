// How long does a plan take, from the prompt to the finished value?
//
// Unit: ms of wall time per plan of a ten-word prompt; the prompts differ, so nothing is cached.
// Argument: adapters in the catalogue (a real database). STYLUS_BENCH_CARDS names a card list that
// is drawn from; synthetic cards otherwise. Their vectors are random unit rows, for encoding a
// million cards takes hours and the time of a search does not depend on what the vectors mean.
// The default encoder runs if build/encoders has it. `by_words` plans without one. A million
// adapters are measured when STYLUS_BENCH_MILLION is set: 8 GB of memory, 6 GB of disk.
#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>

#include "benchmarks/catalog_cards.h"
#include "catalog/importer.h"
#include "composer/composer.h"
#include "encoder/encoder.h"

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

/// A catalogue with index, made once per size.
class Shelf {
 public:
  Shelf(std::int64_t adapters, const encoder::TextEncoder* encoder)
      : catalog_(folder_ / "catalog.db", catalog::OpenMode::kReadWrite) {
    write_cards(folder_ / "cards.jsonl", adapters);
    static_cast<void>(catalog::import_paths(catalog_, {folder_ / "cards.jsonl"}, {}));
    if (encoder != nullptr) {
      store_random_vectors(*encoder);
    }
    const std::string id = encoder == nullptr ? "" : encoder->id();
    retriever::Retriever::build(catalog_, folder_ / "index", id);
    retriever_ = std::make_unique<retriever::Retriever>(catalog_, folder_ / "index", id);
    composer_ = std::make_unique<composer::Composer>(catalog_, *retriever_, encoder);
  }
  [[nodiscard]] const composer::Composer& composer() const { return *composer_; }

 private:
  void store_random_vectors(const encoder::TextEncoder& encoder) {
    constexpr catalog::AdapterRow kBatch = 4096;
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (const char* field : {"title", "title_tags", "summary"}) {
      for (catalog::AdapterRow first = 1; first <= catalog_.max_row(); first += kBatch) {
        const catalog::AdapterRow end = std::min(first + kBatch, catalog_.max_row() + 1);
        Rows rows(static_cast<std::size_t>(end - first), encoder.dim());
        std::vector<catalog::VectorKey> keys;
        for (std::size_t i = 0; i < rows.rows; ++i) {
          keys.push_back(
              {first + static_cast<catalog::AdapterRow>(i), field, std::string(32, '0')});
          float square = 0;
          for (float& value : rows.row(i)) {
            value = normal(random);
            square += value * value;
          }
          for (float& value : rows.row(i)) {
            value /= std::sqrt(square);
          }
        }
        catalog_.store_vectors(encoder.id(), keys, rows.view());
      }
    }
  }

  BenchFolder folder_;
  catalog::Catalog catalog_;
  std::unique_ptr<retriever::Retriever> retriever_;
  std::unique_ptr<composer::Composer> composer_;
};

const encoder::TextEncoder* default_encoder() {
  static const std::unique_ptr<encoder::TextEncoder> kEncoder = [] {
    const std::filesystem::path folder =
        std::filesystem::path(STYLUS_ENCODERS_DIR) / "use-multilingual-v3";
    return std::filesystem::exists(folder) ? encoder::open_text_encoder(folder) : nullptr;
  }();
  return kEncoder.get();
}

void run_plans(benchmark::State& state, const encoder::TextEncoder* encoder) {
  static std::map<std::pair<std::int64_t, bool>, std::unique_ptr<Shelf>> shelves;
  auto& shelf = shelves[{state.range(0), encoder != nullptr}];
  if (!shelf) {
    shelf = std::make_unique<Shelf>(state.range(0), encoder);
  }
  composer::ComposeOptions options;
  options.filter.base = "sd15";
  options.filter.allow_unrated = true;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shelf->composer().plan(kPrompts[next++ % kPrompts.size()], options));
  }
}

void plan(benchmark::State& state) {
  if (default_encoder() == nullptr) {
    state.SkipWithError("no encoder in build/encoders; tools/setup makes it");
    return;
  }
  run_plans(state, default_encoder());
}

void plan_by_words(benchmark::State& state) { run_plans(state, nullptr); }

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("adapters")->Arg(5000)->Arg(100'000)->Unit(benchmark::kMillisecond)->UseRealTime();
  if (std::getenv("STYLUS_BENCH_MILLION") != nullptr) {
    bench->Arg(1'000'000);
  }
}
BENCHMARK(plan)->Apply(sizes);
BENCHMARK(plan_by_words)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
