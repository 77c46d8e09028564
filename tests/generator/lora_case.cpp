#include "tests/generator/lora_case.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "support/error.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {
namespace {

constexpr double kAbsolute = 1e-5;
constexpr double kRelative = 1e-5;

at::Tensor tensor_of(const weights::Tensor& stored) {
  const at::ScalarType type = stored.dtype == weights::DType::kF16 ? at::kHalf : at::kFloat;
  at::Tensor tensor = at::empty(stored.shape, at::TensorOptions().dtype(type));
  std::memcpy(tensor.mutable_data_ptr(), stored.bytes.data(), stored.bytes.size());
  return tensor.to(at::kFloat);
}

bool take(std::string& name, std::string_view start) {
  if (name.compare(0, start.size(), start) != 0) {
    return false;
  }
  name.erase(0, start.size());
  return true;
}

}  // namespace

LoraCase::LoraCase(const std::string& name, Variant variant) {
  const std::string folder = std::string(STYLUS_TESTS_DIR) + "/golden/generator/lora/";
  const auto read = [&](const std::string& file) {
    const weights::SafetensorsFile content(folder + file + ".safetensors");
    for (const weights::Tensor& stored : content.tensors()) {
      std::string key = stored.name;
      if (take(key, "base.")) {
        base_[key] = tensor_of(stored).to(variant.stored.value_or(at::kFloat)).to(variant.dtype);
      } else if (take(key, "expect.")) {
        expect_[key] = tensor_of(stored);
      } else if (take(key, "file.")) {
        files_.resize(std::max(files_.size(), std::stoul(key) + 1));
        files_[std::stoul(key)].assign(reinterpret_cast<const char*>(stored.bytes.data()),
                                       stored.bytes.size());
      }
    }
    const auto config = content.metadata().find("config");
    if (config != content.metadata().end()) {
      weights_ = nlohmann::json::parse(config->second).at("weights").get<std::vector<double>>();
    }
  };
  read(name);
  if (base_.empty()) {
    read("toy");
  }
  for (auto& [key, tensor] : base_) {
    const std::string end = ".weight";
    if (key.size() < end.size() || key.compare(key.size() - end.size(), end.size(), end) != 0) {
      continue;
    }
    const std::string layer = key.substr(0, key.size() - end.size());
    const auto bias = base_.find(layer + ".bias");
    at::Tensor weight = tensor.clone();
    if (variant.channels_last && weight.dim() == 4) {
      weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const at::Tensor own_bias = bias == base_.end() ? at::Tensor() : bias->second.clone();
    layers_.push_back(weight.dim() == 4 ? nn::Layer::conv2d(weight, own_bias, 1, weight.size(2) / 2)
                      : weight.dim() == 2 ? nn::Layer::linear(weight, own_bias)
                                          : nn::Layer::norm(weight, own_bias));
    if (variant.stored) {
      layers_.back().set_stored_weight(tensor.to(*variant.stored));
    }
    const std::size_t dot = layer.find('.');
    components_[layer.substr(0, dot)][layer.substr(dot + 1)] = &layers_.back();
  }
}

AdapterPtr LoraCase::load(std::size_t index, const KeyMap& keys) const {
  const std::string& bytes = files_[index];
  return load_adapter(std::as_bytes(std::span(bytes.data(), bytes.size())),
                      "file " + std::to_string(index), keys);
}

std::vector<AdapterUse> LoraCase::uses(const KeyMap& keys) const {
  std::vector<AdapterUse> set;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    AdapterUse use;
    use.adapter = load(i, keys);
    use.weight = weights_[i];
    set.push_back(std::move(use));
  }
  return set;
}

double LoraCase::distance(std::string* where) const {
  double worst = 0;
  const auto compare = [&](const std::string& key, const at::Tensor& actual) {
    const auto expected = expect_.find(key);
    const auto before = base_.find(key);
    if (!actual.defined() && expected == expect_.end() && before == base_.end()) {
      return;
    }
    const at::Tensor& wanted = expected != expect_.end() ? expected->second : before->second;
    const at::Tensor error = actual.to(at::kFloat).sub(wanted.to(at::kFloat)).abs();
    const at::Tensor allowed = wanted.to(at::kFloat).abs().mul(kRelative).add(kAbsolute);
    const double distance = error.div(allowed).max().item<double>();
    if (!(distance <= worst)) {
      worst = distance;
      if (where != nullptr) {
        *where = key + ", off by " + std::to_string(error.max().item<double>());
      }
    }
  };
  for (const auto& [component, layers] : components_) {
    for (const auto& [path, layer] : layers) {
      compare(component + "." + path + ".weight", layer->weight());
      compare(component + "." + path + ".bias", layer->bias());
    }
  }
  return worst;
}

bool LoraCase::is_pristine() const {
  const auto same = [&](const std::string& key, const at::Tensor& actual) {
    const auto before = base_.find(key);
    if (before == base_.end() || !actual.defined()) {
      return before == base_.end() && !actual.defined();
    }
    const at::Tensor one = actual.contiguous();
    const at::Tensor two = before->second.contiguous();
    return one.nbytes() == two.nbytes() &&
           std::memcmp(one.const_data_ptr(), two.const_data_ptr(), one.nbytes()) == 0;
  };
  for (const auto& [component, layers] : components_) {
    for (const auto& [path, layer] : layers) {
      if (!same(component + "." + path + ".weight", layer->weight()) ||
          !same(component + "." + path + ".bias", layer->bias()) || layer->side_branch()) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace stylus::generator
