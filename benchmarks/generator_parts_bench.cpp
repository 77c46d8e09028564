// What a device does with SD1.5 and SDXL shapes, random weights, fp16 on a GPU and fp32 on a CPU:
// calls of the UNet, of the VAE and of single transformer blocks, and how long another set of
// adapters takes. Prints one JSON object a line; benchmarks/peers/parts_peers.py measures diffusers
// on the same device.
//
//   generator_parts_bench cuda|cpu [unet] [vae] [attention] [lora] [lora-sdxl]

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/kohya_file.h"
#include "generator/lora/lora_engine.h"
#include "nn/cuda_backend.h"
#include "nn/device.h"
#include "nn/transformer_block.h"
#include "nn/unet.h"
#include "nn/vae.h"
#include "tests/generator/lora_shapes.h"

namespace {

using namespace stylus;

c10::Device device = at::kCPU;

void wait() {
  if (device.is_cuda()) {
    torch::cuda::synchronize(device.index());
  }
}

/// Median of `runs` timings in milliseconds, after `warm_ups`.
double median_ms(int warm_ups, int runs, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < warm_ups + runs; ++i) {
    wait();
    const auto begin = std::chrono::steady_clock::now();
    work();
    wait();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (i >= warm_ups) {
      times.push_back(took.count());
    }
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

at::ScalarType float_type() { return device.is_cuda() ? at::kHalf : at::kFloat; }

at::TensorOptions float_options() { return at::TensorOptions(float_type()).device(device); }

/// Random weights in the place of the meta tensors that a model without a file has.
void fill_tensors(const nn::LayerTable& layers, const nn::TensorTable& tensors) {
  for (const auto& [path, layer] : layers) {
    const at::IntArrayRef sizes = layer->weight().sizes();
    const double fan_in =
        static_cast<double>(layer->weight().numel()) / static_cast<double>(sizes[0]);
    layer->set_weight(sizes.size() == 1
                          ? at::ones(sizes, float_options())
                          : at::empty(sizes, float_options()).normal_(0, 1 / std::sqrt(fan_in)));
    if (layer->bias().defined()) {
      layer->set_bias(at::zeros({sizes[0]}, float_options()));
    }
  }
  for (const auto& [path, tensor] : tensors) {
    const bool is_weight = path.ends_with("weight");
    *tensor = is_weight ? at::ones(tensor->sizes(), float_options())
                        : at::zeros(tensor->sizes(), float_options());
  }
}

template <typename Model>
void fill(Model& model) {
  fill_tensors(model.layers(), model.tensors());
  model.to(device, float_type(), /*channels_last=*/true);
}

void print(const char* what, const char* mode, double ms) {
  std::printf("{\"bench\": \"%s\", \"mode\": \"%s\", \"ms\": %.3f, \"per_s\": %.2f}\n", what, mode,
              ms, 1000 / ms);
  std::fflush(stdout);
}

/// ms of a call, on a CPU with fewer repetitions.
double time_of(const std::function<void()>& call) {
  return device.is_cuda() ? median_ms(5, 40, call) : median_ms(1, 3, call);
}

/// Times `call` as ATen does it and, on a GPU, with our kernels and as a recorded graph; says how
/// far the results are apart, as a share of the largest number.
void compare(const char* what, const std::function<at::Tensor()>& call) {
  nn::use_cuda_backend(false);
  const at::Tensor plain = call().to(at::kFloat);
  print(what, "ATen", time_of([&] { (void)call(); }));
  if (!device.is_cuda()) {
    return;
  }
  nn::use_cuda_backend(true);
  if (nn::cuda_backend() == nullptr) {
    std::printf("{\"note\": \"no libstylus_cuda.so\"}\n");
    return;
  }
  const auto error = [&](const at::Tensor& ours) {
    const at::Tensor difference = (ours.to(at::kFloat) - plain).abs().max();
    std::printf("{\"bench\": \"%s\", \"max_error\": %.2g}\n", what,
                (difference / plain.abs().max()).item<double>());
  };
  error(call());
  print(what, "own kernels", time_of([&] { (void)call(); }));
  at::Tensor out;
  const auto graph = nn::cuda_backend()->record([&] { out = call(); });
  print(what, "own kernels, graph", time_of([&] { graph->replay(); }));
  error(out);
}

/// One call with guidance: two images of 512 x 512.
void bench_unet() {
  nn::TensorSource source = nn::TensorSource::any();
  nn::UNet unet(nn::UNetConfig::sd15(), source);
  fill(unet);
  const at::Tensor sample = at::randn({2, 4, 64, 64}, float_options());
  const at::Tensor states = at::randn({2, 77, 768}, float_options());
  const at::Tensor time = at::tensor({500.0}, at::TensorOptions(at::kFloat)).to(device);
  const nn::UNetContext context = unet.prepare_context(states);
  compare("unet sd15 512px cfg", [&] { return unet.forward(sample, time, context); });
}

/// One picture of 512 x 512.
void bench_vae() {
  nn::TensorSource source = nn::TensorSource::any();
  nn::Vae vae(nn::VaeConfig::sd(), source);
  fill(vae);
  const at::Tensor latents = at::randn({1, 4, 64, 64}, float_options());
  compare("vae decode 512px", [&] { return vae.decode(latents); });
  const at::Tensor picture = at::randn({1, 3, 512, 512}, float_options());
  compare("vae encode 512px", [&] { return vae.encode(picture).mean; });
}

/// A transformer block of SD 1.5's first and of its third level: self-attention over 4,096 and 256
/// places, cross attention, feed forward.
void bench_attention() {
  struct Level {
    const char* name;
    std::int64_t width;
    std::int64_t places;
  };
  constexpr Level kLevels[] = {{"block 320 x 4096", 320, 4096}, {"block 1280 x 256", 1280, 256}};
  constexpr std::int64_t kHeads = 8;
  for (const Level& level : kLevels) {
    nn::TensorSource source = nn::TensorSource::any();
    nn::Parameters parameters;
    const nn::TransformerBlock block(nn::Scope(parameters, source), level.width, 768, kHeads);
    fill_tensors(parameters.layers(), parameters.tensors());
    const at::Tensor x = at::randn({2, level.places, level.width}, float_options());
    const nn::KeyValue context =
        block.cross_attention().keys_values(at::randn({2, 77, 768}, float_options()));
    compare(level.name, [&] { return block.forward(x, context); });
  }
}

at::Tensor random_weight(const std::vector<std::int64_t>& sizes) {
  return at::empty(sizes, float_options()).normal_(0, 0.02);
}

/// The largest difference of a merged weight from W0 + sum 0.7 up down in fp32, as a share of the
/// weight's largest element; half precision rounds to about 5e-4 of each element.
double merge_error(generator::LoraEngine& engine, const std::vector<generator::AdapterUse>& set,
                   const generator::ShapeModel& model) {
  double worst = 0;
  engine.clear();
  std::vector<at::Tensor> before;
  const auto& layers = model.components().at("unet");
  for (const auto& [path, layer] : layers) {
    before.push_back(before.size() % 16 == 0 ? layer->weight().clone() : at::Tensor());
  }
  engine.apply(set);
  std::size_t i = 0;
  for (const auto& [path, layer] : layers) {
    const at::Tensor& old = before[i++];
    if (!old.defined()) {
      continue;
    }
    at::Tensor want = old.to(at::kFloat).flatten(1);
    for (const generator::AdapterUse& use : set) {
      for (const generator::LayerFactors& factors : use.adapter->layers) {
        if (factors.path == path) {
          const at::Tensor up = factors.factors[0].to(device).to(at::kFloat);
          want = want + up.matmul(factors.factors[1].to(device).to(at::kFloat).flatten(1)) *
                            (use.weight * factors.scale);
        }
      }
    }
    const at::Tensor error = (layer->weight().to(at::kFloat).flatten(1) - want).abs().max();
    worst = std::max(worst, (error / want.abs().max()).item<double>());
  }
  return worst;
}

using AdapterSets = std::vector<std::vector<generator::AdapterUse>>;

AdapterSets load_sets(generator::LoraEngine& engine, const std::filesystem::path& folder,
                      std::size_t count) {
  AdapterSets sets(count);
  for (std::size_t i = 0; i < 3 * count; ++i) {
    generator::AdapterUse use;
    use.adapter = engine.load(folder / (std::to_string(i) + ".safetensors"));
    use.weight = 0.7;
    sets[i / 3].push_back(std::move(use));
  }
  return sets;
}

/// Two sets of three adapters of rank 16, one after the other: on the device already, and out of
/// host memory (no room on the device beyond the set in use).
void bench_lora(const char* name, std::vector<generator::LayerShape> shapes) {
  std::erase_if(shapes, [](const generator::LayerShape& shape) {
    return shape.path.find("attentions.") == std::string::npos;
  });
  const ScratchFolder folder("stylus_parts_bench_");
  for (int i = 0; i < 6; ++i) {
    write_kohya(folder.path() / (std::to_string(i) + ".safetensors"), shapes, 16);
  }
  for (const bool is_cached : {true, false}) {
    generator::ShapeModel model;
    model.add("unet", shapes, random_weight);
    generator::LoraEngineOptions options;
    options.device_cache_bytes = is_cached ? std::int64_t{4} << 30U : 0;
    generator::LoraEngine engine(model.components(), options);
    const AdapterSets sets = load_sets(engine, folder.path(), 2);
    std::size_t turn = 0;
    const double taken = median_ms(6, 21, [&] { engine.apply(sets[++turn % 2]); });
    const double error = merge_error(engine, sets[0], model);
    const double cleared = median_ms(1, 1, [&] { engine.clear(); });
    std::printf(
        "{\"bench\": \"switch 3 adapters r16\", \"model\": \"%s\", \"from\": \"%s\", \"ms\": %.3f, "
        "\"clear_ms\": %.3f, \"max_error\": %.2g}\n",
        name, is_cached ? "device" : "host", taken, cleared, error);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const c10::InferenceMode guard;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-') {  // options of Google Benchmark, which other programs here take
      words.emplace_back(argv[i]);
    }
  }
  if (words.empty()) {
    std::printf(
        "usage: generator_parts_bench cuda|cpu [unet] [vae] [attention] [lora] [lora-sdxl]\n");
    return 0;
  }
  device = nn::open_device(words[0]);
  at::globalContext().setBenchmarkCuDNN(true);
  for (const std::string& what : words) {
    if (what == "unet") {
      bench_unet();
    } else if (what == "vae") {
      bench_vae();
    } else if (what == "attention") {
      bench_attention();
    } else if (what == "lora") {
      bench_lora("sd15", generator::sd15_unet_layers());
    } else if (what == "lora-sdxl") {
      bench_lora("sdxl", generator::sdxl_unet_layers());
    }
  }
  return 0;
}
