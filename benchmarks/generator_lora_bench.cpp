// How long it takes to change the adapters of a model: true layer shapes of SD1.5 and SDXL (all
// linear layers and 1x1 convolutions of their transformers), random weights.
//   merge/<adapters>/<rank>  another set into warm buffers; adapters in memory
//   first                    three kohya files of rank 16 from the page cache: read, mapped, merged
//   into a
//                            model that held no adapter, memory for merged weights included
//   again                    another set after an earlier one
//   first-fp16, again-fp16   the same for a model whose checkpoint holds halves: pristine weights
//                            come out of the page cache, the fp32 ones are overwritten
//   side                     the same adapters beside the weights instead of merged
//   swap/zipf                one adapter after the other out of 100 files, drawn by Zipf's law
//                            (1/k), host cache of 40 of them
//   clear                    taking them off again
//   bookkeeping              another set of three in a model with as many layers, each of 8 x 8, by
//                            class: what the host adds to a GPU's work
// Unit: ms, wall. Threads: $OMP_NUM_THREADS. $STYLUS_LORA_FILES: a folder with other kohya files
// (benchmarks/peers/lora_peers.py sets it, so that both read the same bytes).
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/kohya_file.h"
#include "generator/lora/lora_engine.h"
#include "nn/release_pages.h"
#include "support/file.h"
#include "tests/generator/lora_shapes.h"

namespace {

using namespace stylus::generator;

std::vector<LayerShape> transformer_layers(std::vector<LayerShape> layers) {
  std::erase_if(layers, [](const LayerShape& layer) {
    return layer.path.find("attentions.") == std::string::npos;
  });
  return layers;
}

at::Tensor random_tensor(const std::vector<std::int64_t>& sizes, at::ScalarType type) {
  return at::empty(sizes, at::TensorOptions().dtype(type)).normal_(0, 0.02);
}

at::Tensor float_weight(const std::vector<std::int64_t>& sizes) {
  return random_tensor(sizes, at::kFloat);
}

/// Quick to make, for gigabytes.
at::Tensor constant_weight(const std::vector<std::int64_t>& sizes) {
  return at::empty(sizes, at::TensorOptions().dtype(at::kFloat)).fill_(0.02);
}

ShapeModel& sd15() {
  static ShapeModel* model = [] {
    auto* made = new ShapeModel;
    made->add("unet", transformer_layers(sd15_unet_layers()), float_weight);
    return made;
  }();
  return *model;
}

/// The same from a checkpoint of halves, which lies in a file.
class HalfModel {
 public:
  HalfModel(std::vector<LayerShape> shapes, ShapeModel::MakeWeight make_weight)
      : folder_("stylus_lora_half_") {
    model_.add("unet", transformer_layers(std::move(shapes)), make_weight);
    const std::filesystem::path path = folder_.path() / "weights";
    std::ofstream file(path, std::ios::binary);
    for (const auto& [name, layer] : layers()) {
      const at::Tensor half = layer->weight().to(at::kHalf);
      layer->weight().copy_(half);
      file.write(static_cast<const char*>(half.const_data_ptr()),
                 static_cast<std::streamsize>(half.nbytes()));
    }
    file.close();
    mapping_ = stylus::MappedFile(path);
    std::size_t begin = 0;
    for (const auto& [name, layer] : layers()) {
      auto* data = const_cast<std::byte*>(mapping_.bytes().data() + begin);
      layer->set_stored_weight(
          at::from_blob(data, layer->weight().sizes(), at::TensorOptions(at::kHalf)));
      begin += layer->weight().nbytes() / 2;
    }
  }
  [[nodiscard]] const ComponentLayers& components() const { return model_.components(); }
  /// As after loading: in the page cache, not in this process.
  void release() const { stylus::nn::release_pages(mapping_.bytes()); }

 private:
  [[nodiscard]] const stylus::nn::LayerTable& layers() const { return components().at("unet"); }

  stylus::ScratchFolder folder_;
  ShapeModel model_;
  stylus::MappedFile mapping_;
};

const HalfModel& sd15_halves() {
  static const HalfModel model(sd15_unet_layers(), float_weight);
  return model;
}

const HalfModel& sdxl_halves() {
  static const HalfModel model(sdxl_unet_layers(), constant_weight);
  return model;
}

AdapterPtr random_adapter(const std::vector<LayerShape>& shapes, std::int64_t rank) {
  auto adapter = std::make_shared<AdapterWeights>();
  std::map<std::string, std::size_t> numbers;
  for (const LayerShape& shape : shapes) {
    numbers[shape.path] = 0;
  }
  for (std::size_t next = 0; auto& [path, number] : numbers) {
    number = next++;
  }
  for (const LayerShape& shape : shapes) {
    LayerFactors layer;
    layer.component = "unet";
    layer.path = shape.path;
    layer.number = numbers.at(shape.path);
    std::vector<std::int64_t> down = shape.weight;
    down[0] = rank;
    layer.factors = {random_tensor({shape.weight[0], rank}, at::kHalf),
                     random_tensor(down, at::kHalf)};
    adapter->bytes += byte_count(layer);
    adapter->layers.push_back(std::move(layer));
  }
  return adapter;
}

std::vector<AdapterUse> random_set(const std::vector<LayerShape>& shapes, std::int64_t adapters,
                                   std::int64_t rank) {
  std::vector<AdapterUse> set(static_cast<std::size_t>(adapters));
  for (AdapterUse& use : set) {
    use.adapter = random_adapter(shapes, rank);
    use.weight = 0.7;
  }
  return set;
}

double weight_count(const std::vector<LayerShape>& shapes) {
  double sum = 0;
  for (const LayerShape& shape : shapes) {
    double size = 1;
    for (const std::int64_t side : shape.weight) {
      size *= static_cast<double>(side);
    }
    sum += size;
  }
  return sum;
}

void merge(benchmark::State& state, const ComponentLayers& components,
           const std::vector<LayerShape>& shapes) {
  LoraEngine engine(components);
  std::vector<AdapterUse> set = random_set(shapes, state.range(0), state.range(1));
  engine.apply(set);
  for (auto _ : state) {
    set[0].weight += 0.001;  // another set each time
    engine.apply(set);
  }
  const double flop =
      2 * weight_count(shapes) * static_cast<double>(state.range(0) * state.range(1));
  state.counters["GFLOP/s"] =
      benchmark::Counter(flop * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void merge_sd15(benchmark::State& state) {
  merge(state, sd15().components(), transformer_layers(sd15_unet_layers()));
}

double available_gib() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  double kib = 0;
  for (std::string line; file >> name >> kib && std::getline(file, line);) {
    if (name == "MemAvailable:") {
      return kib / 1048576;
    }
  }
  return 0;
}

void merge_sdxl(benchmark::State& state) {
  static const bool fits = available_gib() > 16;  // 8.8 GB of floats, 4.4 of halves, adapters
  if (!fits) {
    state.SkipWithError("needs 16 GiB of free memory");
    return;
  }
  merge(state, sdxl_halves().components(), transformer_layers(sdxl_unet_layers()));
}

/// Files that live as long as the program.
class Files {
 public:
  /// Those of a folder.
  explicit Files(const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
  }
  /// Random ones of their own.
  Files(const char* name, std::size_t count, std::int64_t rank) : folder_(name) {
    for (std::size_t i = 0; i < count; ++i) {
      paths.push_back(folder_->path() / (std::to_string(i) + ".safetensors"));
      stylus::write_kohya(paths.back(), transformer_layers(sd15_unet_layers()), rank);
    }
  }
  std::vector<std::filesystem::path> paths;

 private:
  std::optional<stylus::ScratchFolder> folder_;
};

std::vector<AdapterUse> load_all(LoraEngine& engine,
                                 const std::vector<std::filesystem::path>& files) {
  std::vector<AdapterUse> set;
  for (std::size_t i = 1; i < files.size(); ++i) {
    engine.prefetch(files[files.size() - i]);  // as AdapterSession does
  }
  for (const std::filesystem::path& file : files) {
    set.emplace_back();
    set.back().adapter = engine.load(file);
    set.back().weight = 0.7;
  }
  return set;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

enum class Stored : std::uint8_t { kFloat, kHalf };  // what the checkpoint holds

const Files& some_files() {
  const char* given = std::getenv("STYLUS_LORA_FILES");
  static const Files files =
      given != nullptr ? Files(std::filesystem::path(given)) : Files("stylus_lora_bench_", 3, 16);
  return files;
}

const ComponentLayers& components_of(Stored stored) {
  return stored == Stored::kHalf ? sd15_halves().components() : sd15().components();
}

void first(benchmark::State& state, Stored stored) {
  double load = 0;
  for (auto _ : state) {
    LoraEngine engine(components_of(stored));
    if (stored == Stored::kHalf) {
      sd15_halves().release();
    }
    const Clock::time_point start = Clock::now();
    const std::vector<AdapterUse> set = load_all(engine, some_files().paths);
    load += seconds_since(start);
    engine.apply(set);
    state.SetIterationTime(seconds_since(start));
  }
  state.counters["load_ms"] = benchmark::Counter(1e3 * load, benchmark::Counter::kAvgIterations);
}

void again(benchmark::State& state, Stored stored) {
  LoraEngineOptions options;
  options.cache_bytes = 0;  // keeps one adapter; at least two are read from files each time
  LoraEngine engine(components_of(stored), options);
  engine.apply(random_set(transformer_layers(sd15_unet_layers()), 1, 1));
  double weight = 0;
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    std::vector<AdapterUse> set = load_all(engine, some_files().paths);
    set[0].weight = weight += 0.01;
    engine.apply(set);
    state.SetIterationTime(seconds_since(start));
  }
}

void side(benchmark::State& state) {
  LoraEngine engine(sd15().components());
  const std::vector<AdapterUse> set = load_all(engine, some_files().paths);
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    engine.apply(set, ApplyMode::kSide);
    state.SetIterationTime(seconds_since(start));
    engine.clear();
  }
}

void clear(benchmark::State& state) {
  LoraEngine engine(sd15().components());
  const std::vector<AdapterUse> set = load_all(engine, some_files().paths);
  for (auto _ : state) {
    engine.apply(set);
    const Clock::time_point start = Clock::now();
    engine.clear();
    state.SetIterationTime(seconds_since(start));
  }
}

void swap_zipf(benchmark::State& state) {
  constexpr std::size_t kAdapters = 100;
  constexpr std::int64_t kCached = 40;
  static const Files files("stylus_lora_zipf_", kAdapters, 4);
  std::vector<double> shares;
  for (std::size_t k = 1; k <= kAdapters; ++k) {
    shares.push_back(1.0 / static_cast<double>(k));
  }
  std::mt19937 random(1);
  std::discrete_distribution<std::size_t> draw(shares.begin(), shares.end());
  LoraEngineOptions options;
  {
    LoraEngine probe(sd15().components());
    options.cache_bytes = kCached * probe.load(files.paths[0])->bytes;
  }
  LoraEngine engine(sd15().components(), options);
  std::vector<double> times;
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    AdapterUse use;
    use.adapter = engine.load(files.paths[draw(random)]);
    engine.apply({&use, 1});
    times.push_back(seconds_since(start));
    state.SetIterationTime(times.back());
  }
  std::sort(times.begin(), times.end());
  state.counters["p50_ms"] = 1e3 * times[times.size() / 2];
  state.counters["p95_ms"] = 1e3 * times[times.size() * 95 / 100];
  const AdapterCacheStats stats = engine.cache_stats();
  state.counters["hit_rate"] =
      static_cast<double>(stats.hits) / static_cast<double>(stats.hits + stats.misses);
}

#define STYLUS_LOAD_BENCHMARK(function, stored, name) \
  BENCHMARK_CAPTURE(function, , stored)->Name(name)->UseManualTime()->Unit(benchmark::kMillisecond)
STYLUS_LOAD_BENCHMARK(first, Stored::kFloat, "first");
STYLUS_LOAD_BENCHMARK(again, Stored::kFloat, "again");
STYLUS_LOAD_BENCHMARK(first, Stored::kHalf, "first-fp16");
STYLUS_LOAD_BENCHMARK(again, Stored::kHalf, "again-fp16");
BENCHMARK(side)->Name("side")->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(clear)->Name("clear")->UseManualTime()->Unit(benchmark::kMillisecond);
void bookkeeping(benchmark::State& state, std::vector<LayerShape> shapes) {
  shapes = transformer_layers(std::move(shapes));
  for (LayerShape& shape : shapes) {
    std::fill_n(shape.weight.begin(), 2, 8);
  }
  ShapeModel model;
  model.add("unet", shapes, float_weight);
  LoraEngineOptions options;
  options.batched = true;
  LoraEngine engine(model.components(), options);
  const std::array<std::vector<AdapterUse>, 2> sets = {random_set(shapes, 3, 1),
                                                       random_set(shapes, 3, 1)};
  std::size_t turn = 0;
  for (auto _ : state) {
    engine.apply(sets[++turn % 2]);
  }
}
BENCHMARK_CAPTURE(bookkeeping, sd15, sd15_unet_layers())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bookkeeping, sdxl, sdxl_unet_layers())->Unit(benchmark::kMillisecond);

BENCHMARK(merge_sd15)
    ->Name("merge/sd15")
    ->ArgsProduct({{1, 3, 8, 16}, {8}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(merge_sd15)
    ->Name("merge/sd15/large")
    ->ArgsProduct({{1, 3, 8, 16}, {32, 128}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(swap_zipf)
    ->Name("swap/zipf")
    ->Iterations(200)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(merge_sdxl)
    ->Name("merge/sdxl/large")
    ->Args({1, 8})
    ->Args({3, 8})
    ->Args({3, 16})
    ->Args({3, 32})
    ->Args({8, 32})
    ->Args({3, 128})
    ->UseRealTime()
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  const c10::InferenceMode guard;
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
