// How long does importing a card list take, the first and the second time, as the list grows?
// Unit: s per import. Data: real cards drawn again (STYLUS_BENCH_CARDS=list.jsonl) or synthetic.
#include <benchmark/benchmark.h>

#include "benchmarks/catalog_cards.h"
#include "catalog/catalog.h"
#include "catalog/importer.h"

namespace {

using namespace stylus::catalog;

void import_first(benchmark::State& state) {
  const stylus::BenchFolder folder;
  stylus::write_cards(folder / "cards.jsonl", state.range(0));
  int run = 0;
  for (auto _ : state) {
    Catalog catalog(folder / (std::to_string(run++) + ".db"), OpenMode::kReadWrite);
    benchmark::DoNotOptimize(import_paths(catalog, {folder / "cards.jsonl"}, {}));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(import_first)
    ->ArgName("cards")
    ->Arg(5000)
    ->Arg(20000)
    ->Arg(100000)
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

void import_again(benchmark::State& state) {
  const stylus::BenchFolder folder;
  stylus::write_cards(folder / "cards.jsonl", state.range(0));
  Catalog catalog(folder / "catalog.db", OpenMode::kReadWrite);
  (void)import_paths(catalog, {folder / "cards.jsonl"}, {});
  for (auto _ : state) {
    benchmark::DoNotOptimize(import_paths(catalog, {folder / "cards.jsonl"}, {}));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(import_again)
    ->ArgName("cards")
    ->Arg(5000)
    ->Arg(20000)
    ->Arg(100000)
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
