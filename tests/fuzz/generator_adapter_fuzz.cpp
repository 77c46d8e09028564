// A well-formed adapter file whose names, shapes, types and contents the fuzzer chooses, read for a
// small model, merged, put beside the weights and taken off again. Only Error may come out, and
// without adapters the weights are bit for bit what they were.
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "generator/lora/lora_engine.h"
#include "support/error.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/dtype.h"

namespace {

using namespace stylus::generator;
using stylus::nn::Layer;
using stylus::weights::DType;

struct Place {
  std::string_view component;
  std::string_view path;
  std::string_view in_file;  ///< With the prefix of kohya's files.
  std::vector<std::int64_t> weight;
};

const std::vector<Place>& places() {
  static const std::vector<Place> all = {
      {"unet",
       "down_blocks.0.attentions.0.proj_in",
       "lora_unet_down_blocks_0_attentions_0_proj_in",
       {8, 8, 1, 1}},
      {"unet", "down_blocks.0.attentions.0.norm", "lora_unet_down_blocks_0_attentions_0_norm", {8}},
      {"unet",
       "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
       "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
       {8, 8}},
      {"unet",
       "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k",
       "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_k",
       {8, 8}},
      {"unet",
       "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
       "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
       {8, 6}},
      {"unet",
       "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj",
       "lora_unet_input_blocks_1_1_transformer_blocks_0_ff_net_0_proj",
       {16, 8}},
      {"unet",
       "down_blocks.0.resnets.0.conv1",
       "lora_unet_down_blocks_0_resnets_0_conv1",
       {8, 8, 3, 3}},
      {"text_encoder",
       "text_model.encoder.layers.0.self_attn.q_proj",
       "lora_te_text_model_encoder_layers_0_self_attn_q_proj",
       {6, 6}},
      {"text_encoder",
       "text_model.encoder.layers.0.mlp.fc1",
       "text_encoder.text_model.encoder.layers.0.mlp.fc1",
       {12, 6}}};
  return all;
}

struct Part {
  std::string_view name;
  std::size_t dimensions;  ///< Of a linear layer's.
};
constexpr auto kParts = std::to_array<Part>({{".lora_down.weight", 2},
                                             {".lora_up.weight", 2},
                                             {".lora_mid.weight", 4},
                                             {".alpha", 0},
                                             {".dora_scale", 2},
                                             {".lora_A.weight", 2},
                                             {".lora_B.weight", 2},
                                             {".lora_B.bias", 1},
                                             {".hada_w1_a", 2},
                                             {".hada_w1_b", 2},
                                             {".hada_w2_a", 2},
                                             {".hada_w2_b", 2},
                                             {".hada_t1", 4},
                                             {".hada_t2", 4},
                                             {".lokr_w1", 2},
                                             {".lokr_w1_a", 2},
                                             {".lokr_w1_b", 2},
                                             {".lokr_w2", 2},
                                             {".lokr_w2_a", 2},
                                             {".lokr_w2_b", 2},
                                             {".lokr_t2", 4},
                                             {".weight", 1},
                                             {".on_input", 0},
                                             {".a1.weight", 2},
                                             {".a2.weight", 2},
                                             {".b1.weight", 2},
                                             {".b2.weight", 2},
                                             {".oft_blocks", 3},
                                             {".oft_diag", 3},
                                             {".rescale", 2},
                                             {".diff", 2},
                                             {".diff_b", 1},
                                             {".w_norm", 1},
                                             {".b_norm", 1},
                                             {".lora_magnitude_vector", 1}});

constexpr std::array<std::int64_t, 10> kSizes = {1, 2, 4, 8, 6, 16, 12, 3, 0, 64};

/// Parts that belong together, so that the fuzzer need not find them one by one.
const std::vector<std::vector<std::string_view>>& families() {
  static const std::vector<std::vector<std::string_view>> all = {
      {".lora_down.weight", ".lora_up.weight", ".alpha"},
      {".lora_down.weight", ".lora_mid.weight", ".lora_up.weight", ".alpha"},
      {".lora_down.weight", ".lora_up.weight", ".dora_scale"},
      {".lora_A.weight", ".lora_B.weight", ".lora_magnitude_vector"},
      {".lora_A.weight", ".lora_B.weight", ".lora_B.bias"},
      {".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b", ".alpha"},
      {".hada_t1", ".hada_w1_a", ".hada_w1_b", ".hada_t2", ".hada_w2_a", ".hada_w2_b"},
      {".lokr_w1", ".lokr_w2", ".alpha"},
      {".lokr_w1_a", ".lokr_w1_b", ".lokr_w2_a", ".lokr_w2_b", ".alpha"},
      {".lokr_w1", ".lokr_t2", ".lokr_w2_a", ".lokr_w2_b"},
      {".a1.weight", ".a2.weight", ".b1.weight", ".b2.weight"},
      {".weight", ".on_input"},
      {".oft_blocks", ".rescale", ".alpha"},
      {".diff", ".diff_b"},
      {".w_norm", ".b_norm"}};
  return all;
}

constexpr std::array<DType, 5> kTypes = {DType::kF32, DType::kF16, DType::kBF16, DType::kF8E4M3,
                                         DType::kI32};

/// Sizes like the layer's with a rank of 2, or the fuzzer's own.
std::vector<std::int64_t> pick_shape(FuzzedDataProvider& input, const Place& place,
                                     std::size_t dimensions) {
  const std::int64_t out = place.weight[0];
  const std::int64_t in = place.weight.size() > 1 ? place.weight[1] : 1;
  const std::int64_t side = place.weight.size() == 4 ? place.weight[2] : 1;
  switch (input.ConsumeIntegralInRange<int>(0, 9)) {
    case 0:
      return {2, in};
    case 1:
      return {out, 2};
    case 2:
      return {2, in, side, side};
    case 3:
      return {out, 2, 1, 1};
    case 4:
      return place.weight;
    case 5:
      return {2, 2, side, side};
    case 6:
      return {out};
    case 7:
      return {out / 2, 2, 2};
    default:
      break;
  }
  std::vector<std::int64_t> shape;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < dimensions + input.ConsumeIntegralInRange<std::size_t>(0, 1); ++i) {
    const std::int64_t size = input.PickValueInArray(kSizes);
    shape.push_back(count * size > 4096 ? 1 : size);
    count *= shape.back();
  }
  return shape;
}

void add_tensor(FuzzedDataProvider& input, const Place& place, const Part& part,
                stylus::weights::SafetensorsBuilder& file) {
  const DType dtype = input.PickValueInArray(kTypes);
  const std::vector<std::int64_t> shape = pick_shape(input, place, part.dimensions);
  std::size_t bytes = stylus::weights::dtype_bits(dtype) / 8;
  for (const std::int64_t size : shape) {
    bytes *= static_cast<std::size_t>(size);
  }
  std::string content = input.ConsumeBytesAsString(
      std::min<std::size_t>(bytes, input.ConsumeIntegralInRange<std::size_t>(0, 16)));
  content.resize(bytes, '\x3c');
  std::string name(place.in_file);
  name += part.name;
  file.add(name, std::string(stylus::weights::dtype_name(dtype)), shape, content);
}

std::string build(FuzzedDataProvider& input) {
  stylus::weights::SafetensorsBuilder file;
  for (int i = 0; i < 6 && input.remaining_bytes() > 0; ++i) {
    const Place& place =
        places()[input.ConsumeIntegralInRange<std::size_t>(0, places().size() - 1)];
    if (input.ConsumeBool()) {
      add_tensor(input, place, input.PickValueInArray(kParts), file);
      continue;
    }
    const auto& family =
        families()[input.ConsumeIntegralInRange<std::size_t>(0, families().size() - 1)];
    for (const std::string_view name : family) {
      const auto* part = std::ranges::find(kParts, name, &Part::name);
      add_tensor(input, place, *part, file);
    }
  }
  return file.bytes();
}

/// A model of these layers and its engine, made once.
class Model {
 public:
  Model() {
    const c10::InferenceMode guard;
    at::set_num_threads(1);
    for (const Place& place : places()) {
      std::int64_t count = 1;
      for (const std::int64_t size : place.weight) {
        count *= size;
      }
      weights_.push_back(at::arange(count, at::kFloat).sin().reshape(place.weight));
      biases_.push_back(at::arange(place.weight[0], at::kFloat).cos());
      const at::Tensor weight = weights_.back().clone();
      const at::Tensor bias = biases_.back().clone();
      layers_.push_back(weight.dim() == 4   ? Layer::conv2d(weight, bias, 1, place.weight[2] / 2)
                        : weight.dim() == 2 ? Layer::linear(weight, bias)
                                            : Layer::norm(weight, bias));
      components_[std::string(place.component)][std::string(place.path)] = &layers_.back();
    }
    engine_ = std::make_unique<LoraEngine>(components_);
  }

  void draw_with(const AdapterPtr& adapter) {
    const c10::InferenceMode guard;
    const AdapterUse use = {adapter, 0.7, std::nullopt, {}};
    for (const ApplyMode mode : {ApplyMode::kMerge, ApplyMode::kSide}) {
      engine_->apply(std::span(&use, 1), mode);
      engine_->set_multipliers(std::array{0.5}, ApplyScope::kAll);
    }
    engine_->clear();
  }

  [[nodiscard]] const KeyMap& keys() const { return engine_->keys(); }

  [[nodiscard]] bool is_pristine() const {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (!at::equal(layers_[i].weight(), weights_[i]) ||
          !at::equal(layers_[i].bias(), biases_[i]) || layers_[i].side_branch()) {
        return false;
      }
    }
    return true;
  }

 private:
  std::vector<at::Tensor> weights_, biases_;
  std::deque<Layer> layers_;
  ComponentLayers components_;
  std::unique_ptr<LoraEngine> engine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Model model;
  FuzzedDataProvider input(data, size);
  const std::string bytes = build(input);
  AdapterPtr adapter;
  try {
    adapter = load_adapter(stylus::weights::as_bytes(bytes), "fuzz input", model.keys(),
                           {.least_coverage = 0});
  } catch (const stylus::Error&) {
    return 0;  // refused, as it should be
  }
  model.draw_with(adapter);  // what was loaded can be applied
  if (!model.is_pristine()) {
    std::abort();
  }
  return 0;
}
