// What a GPU does with SD1.5 and SDXL shapes, random weights: UNet steps per second, and how long
// another set of adapters takes. Prints one JSON object a line; benchmarks/peers/unet_peers.py
// measures diffusers with torch.compile on the same card.
//
//   generator_gpu_bench [cuda|cpu] [unet] [lora] [lora-sdxl]

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
#include "nn/unet.h"
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

/// Random weights in the place of the meta tensors that a model without a file has.
void fill(nn::UNet& unet, at::ScalarType dtype) {
  const at::TensorOptions options = at::TensorOptions(dtype).device(device);
  for (const auto& [path, layer] : unet.layers()) {
    const at::IntArrayRef sizes = layer->weight().sizes();
    const double fan_in =
        static_cast<double>(layer->weight().numel()) / static_cast<double>(sizes[0]);
    at::Tensor weight = at::empty(sizes, options).normal_(0, 1 / std::sqrt(fan_in));
    if (sizes.size() == 4) {
      weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
    }
    layer->set_weight(weight);
    if (layer->bias().defined()) {
      layer->set_bias(at::zeros({sizes[0]}, options));
    }
  }
  for (const auto& [path, tensor] : unet.tensors()) {
    const bool is_weight = path.ends_with("weight");
    *tensor = is_weight ? at::ones(tensor->sizes(), options) : at::zeros(tensor->sizes(), options);
  }
  unet.to(device, dtype, /*channels_last=*/true);
}

void bench_unet() {
  const at::ScalarType dtype = device.is_cuda() ? at::kHalf : at::kFloat;
  const std::int64_t side = device.is_cuda() ? 64 : 16;
  nn::TensorSource source = nn::TensorSource::any();
  nn::UNet unet(nn::UNetConfig::sd15(), source);
  fill(unet, dtype);
  const at::TensorOptions options = at::TensorOptions(dtype).device(device);
  at::Tensor sample = at::randn({2, 4, side, side}, options);
  const at::Tensor states = at::randn({2, 77, 768}, options);
  const at::Tensor time = at::tensor({500.0}, at::TensorOptions(at::kFloat)).to(device);
  const nn::UNetContext context = unet.prepare_context(states);

  nn::use_cuda_backend(false);
  const at::Tensor plain = unet.forward(sample, time, context).to(at::kFloat);
  const double eager = median_ms(5, 30, [&] { (void)unet.forward(sample, time, context); });
  std::printf(
      "{\"bench\": \"unet sd15 512px cfg\", \"mode\": \"ATen\", \"ms\": %.3f, \"it_s\": %.1f}\n",
      eager, 1000 / eager);
  std::fflush(stdout);
  nn::use_cuda_backend(true);
  if (nn::cuda_backend() == nullptr) {
    std::printf("{\"note\": \"no libstylus_cuda.so\"}\n");
    return;
  }
  const at::Tensor ours = unet.forward(sample, time, context).to(at::kFloat);
  const double error = ((ours - plain).abs().max() / plain.abs().max()).item<double>();
  const double fused = median_ms(5, 30, [&] { (void)unet.forward(sample, time, context); });
  std::printf(
      "{\"bench\": \"unet sd15 512px cfg\", \"mode\": \"own kernels\", \"ms\": %.3f, \"it_s\": "
      "%.1f, "
      "\"max_error\": %.2g}\n",
      fused, 1000 / fused, error);
  std::fflush(stdout);
  at::Tensor out;
  const auto graph = nn::cuda_backend()->record([&] { out = unet.forward(sample, time, context); });
  const double recorded = median_ms(5, 50, [&] { graph->replay(); });
  const double graph_error =
      ((out.to(at::kFloat) - plain).abs().max() / plain.abs().max()).item<double>();
  std::printf(
      "{\"bench\": \"unet sd15 512px cfg\", \"mode\": \"own kernels, graph\", \"ms\": %.3f, "
      "\"it_s\": %.1f, \"max_error\": %.2g}\n",
      recorded, 1000 / recorded, graph_error);
  std::fflush(stdout);
}

at::Tensor random_weight(const std::vector<std::int64_t>& sizes) {
  const at::ScalarType dtype = device.is_cuda() ? at::kHalf : at::kFloat;
  return at::empty(sizes, at::TensorOptions(dtype).device(device)).normal_(0, 0.02);
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
  const ScratchFolder folder("stylus_gpu_bench_");
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
    std::printf("usage: generator_gpu_bench cuda|cpu [unet] [lora] [lora-sdxl]\n");
    return 0;
  }
  device = nn::open_device(words[0]);
  at::globalContext().setBenchmarkCuDNN(true);
  for (const std::string& what : words) {
    if (what == "unet") {
      bench_unet();
    } else if (what == "lora") {
      bench_lora("sd15", generator::sd15_unet_layers());
    } else if (what == "lora-sdxl") {
      bench_lora("sdxl", generator::sdxl_unet_layers());
    }
  }
  return 0;
}
