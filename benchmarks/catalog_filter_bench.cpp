// How long does a filter take to compile, by size of the catalogue and share of it that passes?
// Unit: ms per compilation of a filter that is not cached. Data: see catalog_cards.h; a base
// family of 1 %, of 10 % (9 % in truth), or no base at all (100 %).
#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "benchmarks/catalog_cards.h"
#include "catalog/catalog.h"
#include "catalog/importer.h"

namespace {

using namespace stylus::catalog;

struct Shelf {
  explicit Shelf(std::int64_t count) {
    stylus::write_cards(folder / "cards.jsonl", count);
    Catalog catalog(folder / "catalog.db", OpenMode::kReadWrite);
    (void)import_paths(catalog, {folder / "cards.jsonl"}, {});
  }
  stylus::BenchFolder folder;
};

const Shelf& shelf_of(std::int64_t count) {
  static std::map<std::int64_t, std::unique_ptr<Shelf>> shelves;
  auto& shelf = shelves[count];
  if (shelf == nullptr) {
    shelf = std::make_unique<Shelf>(count);
  }
  return *shelf;
}

Filter filter_of(std::int64_t percent) {
  return {.base = percent == 1 ? "sd2" : percent == 10 ? "sdxl" : "", .allow_people = true};
}

void compile_cold(benchmark::State& state) {
  const Shelf& shelf = shelf_of(state.range(0));
  const Catalog catalog(shelf.folder / "catalog.db", OpenMode::kReadOnly);
  Filter filter = filter_of(state.range(1));
  std::int64_t turn = 0;
  std::size_t allowed = 0;
  for (auto _ : state) {
    filter.blocked = {"nobody:" + std::to_string(turn++)};  // Another filter each time: no cache.
    allowed = catalog.compile(filter).allowed.size();
  }
  state.counters["allowed"] = static_cast<double>(allowed);
}
BENCHMARK(compile_cold)
    ->ArgNames({"cards", "percent"})
    ->ArgsProduct({{5000, 20000, 100000}, {1, 10, 100}})
    ->Unit(benchmark::kMillisecond);

void compile_cached(benchmark::State& state) {
  const Shelf& shelf = shelf_of(state.range(0));
  const Catalog catalog(shelf.folder / "catalog.db", OpenMode::kReadOnly);
  for (auto _ : state) {
    benchmark::DoNotOptimize(catalog.compile(filter_of(100)));
  }
}
BENCHMARK(compile_cached)->ArgName("cards")->Arg(5000)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
