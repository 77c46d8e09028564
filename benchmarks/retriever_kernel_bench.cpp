// Which scan is worth writing ourselves? FAISS (as packaged) against the kernels of the retriever.
//
// Unit: ms per batch of 8 queries over 50,000 synthetic, seeded vectors; CPU time of all threads.
// docs/decisions/009-first-stage.md quotes the ratios.
#include <benchmark/benchmark.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/utils/distances.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "retriever/kernels.h"
#include "support/half.h"

namespace {

using namespace stylus::retriever;

constexpr std::size_t kRows = 50'000;
constexpr std::size_t kDim = 512;
constexpr faiss::Index::idx_t kKept = 512;

std::vector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
  }
  return values;
}

/// FAISS: search of 8 queries for 512 neighbours, through BLAS or row by row.
void faiss_search(benchmark::State& state, faiss::Index& index, std::size_t dim, int blas_from) {
  faiss::distance_compute_blas_threshold = blas_from;
  const std::vector<float> rows = random_floats(kRows * dim, 1);
  const std::vector<float> queries = random_floats(kLanes * dim, 2);
  index.train(static_cast<faiss::Index::idx_t>(kRows), rows.data());
  index.add(static_cast<faiss::Index::idx_t>(kRows), rows.data());
  std::vector<float> scores(kLanes * kKept);
  std::vector<faiss::Index::idx_t> labels(scores.size());
  for (auto _ : state) {
    index.search(kLanes, queries.data(), kKept, scores.data(), labels.data());
    benchmark::DoNotOptimize(scores.data());
  }
}

void faiss_flat(benchmark::State& state) {
  faiss::IndexFlatIP index(kDim);
  faiss_search(state, index, kDim, 20);
}
void faiss_flat_blas(benchmark::State& state) {
  faiss::IndexFlatIP index(kDim);
  faiss_search(state, index, kDim, 1);
}
void faiss_half(benchmark::State& state) {
  faiss::IndexScalarQuantizer index(kDim, faiss::ScalarQuantizer::QT_fp16,
                                    faiss::METRIC_INNER_PRODUCT);
  faiss_search(state, index, kDim, 20);
}
void faiss_codes_4bit(benchmark::State& state) {
  faiss::IndexScalarQuantizer index(kCodeDim, faiss::ScalarQuantizer::QT_4bit,
                                    faiss::METRIC_INNER_PRODUCT);
  faiss_search(state, index, kCodeDim, 20);
}
void faiss_codes_8bit(benchmark::State& state) {
  faiss::IndexScalarQuantizer index(kCodeDim, faiss::ScalarQuantizer::QT_8bit,
                                    faiss::METRIC_INNER_PRODUCT);
  faiss_search(state, index, kCodeDim, 20);
}

void own_half(benchmark::State& state, const Kernels* kernel) {
  const std::vector<float> floats = random_floats(kRows * kDim, 1);
  const std::vector<float> queries = random_floats(kLanes * kDim, 2);
  std::vector<std::uint16_t> rows(floats.size());
  std::transform(floats.begin(), floats.end(), rows.begin(), stylus::to_half);
  const auto out = std::make_unique<float[][kLanes]>(kRows);
  for (auto _ : state) {
    kernel->dot_half(rows.data(), kRows, queries.data(), kDim, kLanes, out.get());
    benchmark::DoNotOptimize(out.get());
  }
}

void own_codes(benchmark::State& state, const Kernels* kernel) {
  std::mt19937 random(1);
  std::vector<std::uint8_t> codes(kRows * kCodeBytes);
  std::generate(codes.begin(), codes.end(), [&] { return static_cast<std::uint8_t>(random()); });
  std::vector<std::uint32_t> slots(kRows);
  std::iota(slots.begin(), slots.end(), 0U);
  CodeQueries queries;
  for (auto& lane : queries.values) {
    std::generate(std::begin(lane), std::end(lane),
                  [&] { return static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127); });
  }
  const auto out = std::make_unique<std::int32_t[][kLanes]>(kRows);
  for (auto _ : state) {
    kernel->dot_codes(codes.data(), slots.data(), kRows, queries, kLanes, out.get());
    benchmark::DoNotOptimize(out.get());
  }
}

#define STYLUS_TIMED(name) BENCHMARK(name)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()
STYLUS_TIMED(faiss_flat);
STYLUS_TIMED(faiss_flat_blas);
STYLUS_TIMED(faiss_half);
STYLUS_TIMED(faiss_codes_4bit);
STYLUS_TIMED(faiss_codes_8bit);

}  // namespace

int main(int argc, char** argv) {
  for (const Kernels* kernel : usable_kernels()) {
    const std::string name = kernel->name;
    benchmark::RegisterBenchmark(("own_half/" + name).c_str(), own_half, kernel)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime();
    benchmark::RegisterBenchmark(("own_codes/" + name).c_str(), own_codes, kernel)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime();
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
