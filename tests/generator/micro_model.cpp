#include "tests/generator/micro_model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "generator/noise.h"
#include "nn/tensor_source.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {
namespace {

namespace fs = std::filesystem;

void add_tokenizer(const fs::path& folder) {
  fs::copy(MicroModels::goldens().parent_path() / "tokenizer", folder);
}

}  // namespace

fs::path MicroModels::goldens() {
  return fs::path(STYLUS_TESTS_DIR) / "golden" / "generator" / "pipelines";
}

fs::path MicroModels::folder(const std::string& name) const {
  const fs::path folder = home_ / name;
  if (fs::exists(folder)) {
    return folder;
  }
  fs::copy(goldens() / (name == "sd15_9" ? "sd15" : name), folder, fs::copy_options::recursive);
  add_tokenizer(folder / "tokenizer");
  if (name == "sdxl") {
    add_tokenizer(folder / "tokenizer_2");
  }
  if (name == "sd15_9") {
    fs::remove_all(folder / "unet");
    fs::copy(goldens() / "unet_9", folder / "unet", fs::copy_options::recursive);
  }
  return folder;
}

GeneratorOptions micro_options() {
  GeneratorOptions options;
  options.device = "cpu";
  options.dtype = "fp32";
  options.threads = 1;
  return options;
}

RenderRequest micro_request(const std::vector<std::uint64_t>& seeds) {
  RenderRequest request;
  request.prompt = "a red fox in deep snow, watercolor";
  request.negative_prompt = "blurry, a boat";
  request.width = 24;
  request.height = 16;
  request.steps = 5;
  request.guidance = 7.5;
  request.sampler = "ddim";
  for (const std::uint64_t seed : seeds) {
    request.images.push_back({seed, {}});
  }
  return request;
}

std::vector<RenderedPicture> render_all(Generator& generator, const RenderRequest& request,
                                        const RenderHooks& hooks) {
  std::vector<RenderedPicture> pictures(request.images.size());
  generator.render(
      request,
      [&pictures](std::size_t image, const RenderedPicture& picture) {
        pictures.at(image) = picture;
      },
      hooks);
  return pictures;
}

void write_micro_adapter(const fs::path& file, const MicroAdapter& adapter) {
  // Names and shapes of the golden adapter, with other values.
  const weights::SafetensorsFile golden(MicroModels::goldens() / "lora.safetensors");
  Noise noise({adapter.seed});
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  const auto add = [&](const std::string& name, const at::Tensor& values) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(values.const_data_ptr<float>()),
                static_cast<std::size_t>(values.numel()) * sizeof(float));
    header[name] = {
        {"dtype", "F32"}, {"shape", values.sizes().vec()}, {"data_offsets", {begin, data.size()}}};
  };
  const auto draw = [&noise](at::IntArrayRef shape) {
    return noise.draw(shape, at::kCPU, at::kFloat).mul_(0.5).squeeze(0).contiguous();
  };
  for (const weights::Tensor& tensor : golden.tensors()) {
    if (!adapter.has_text_encoder && tensor.name.starts_with("lora_te")) {
      continue;
    }
    const bool is_alpha = tensor.name.ends_with(".alpha");
    add(tensor.name, is_alpha ? nn::copied_tensor_from(tensor).to(at::kFloat) : draw(tensor.shape));
    if (const std::size_t end = tensor.name.rfind(".lora_up.weight");
        adapter.is_dora && end != std::string::npos) {
      add(tensor.name.substr(0, end) + ".dora_scale", draw({tensor.shape[0], 1}).abs());
    }
  }
  if (adapter.has_time_embedding) {
    constexpr std::int64_t kWidth = 8;  // of the model's first level
    add("lora_unet_time_embedding_linear_1.lora_down.weight", draw({2, kWidth}));
    add("lora_unet_time_embedding_linear_1.lora_up.weight", draw({4 * kWidth, 2}));
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), sizeof(length));
  out << text << data;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return a.sub(b).abs().max().item<double>();
}

}  // namespace stylus::generator
