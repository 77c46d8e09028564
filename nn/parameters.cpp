#include "nn/parameters.h"

#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/silu.h>

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "nn/cuda_backend.h"
#include "support/error.h"

namespace stylus::nn {

Layer& Parameters::add(const std::string& path, Layer layer) {
  Layer& kept = layer_store_.emplace_back(std::move(layer));
  layers_.emplace(path, &kept);
  return kept;
}

at::Tensor& Parameters::add(const std::string& path, at::Tensor tensor) {
  at::Tensor& kept = tensor_store_.emplace_back(std::move(tensor));
  tensors_.emplace(path, &kept);
  return kept;
}

void Parameters::to(at::Device device, at::ScalarType dtype, bool channels_last) {
  const auto converted = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) {
      return tensor;
    }
    at::Tensor result = tensor.to(at::TensorOptions(dtype).device(device));
    return result.dim() == 4 ? result.contiguous(channels_last ? at::MemoryFormat::ChannelsLast
                                                               : at::MemoryFormat::Contiguous)
                             : result;
  };
  for (Layer& layer : layer_store_) {
    layer.set_side_branch(std::nullopt);
    at::Tensor weight = converted(layer.weight());
    if (!weight.is_same(layer.weight())) {
      layer.set_stored_weight({});
    }
    layer.set_weight(std::move(weight));
    layer.set_bias(converted(layer.bias()));
  }
  for (at::Tensor& tensor : tensor_store_) {
    tensor = converted(tensor);
  }
}

at::Tensor Norm::forward(const at::Tensor& x) const {
  if (groups > 0) {
    if (const CudaBackend* gpu = x.is_cuda() ? cuda_backend() : nullptr) {
      if (at::Tensor y = gpu->group_norm(x, groups, layer->weight(), layer->bias(), eps, false);
          y.defined()) {
        return y;
      }
    }
    return at::group_norm(x, groups, layer->weight(), layer->bias(), eps);
  }
  return at::layer_norm(x, layer->weight().sizes(), layer->weight(), layer->bias(), eps);
}

at::Tensor Norm::forward_silu(const at::Tensor& x) const {
  if (const CudaBackend* gpu = x.is_cuda() && groups > 0 ? cuda_backend() : nullptr) {
    if (at::Tensor y = gpu->group_norm(x, groups, layer->weight(), layer->bias(), eps, true);
        y.defined()) {
      return y;
    }
  }
  at::Tensor y = forward(x);
  return at::silu_(y);
}

Scope Scope::at(std::string_view name) const { return {*parameters_, *source_, full(name)}; }

Scope Scope::at(std::string_view name, std::size_t index) const {
  return {*parameters_, *source_, full(name) + "." + std::to_string(index)};
}

std::string Scope::full(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

bool Scope::has(std::string_view name) const { return source_->has(full(name)); }

Layer& Scope::add_layer(const std::string& path, Layer layer) const {
  const at::IntArrayRef sizes = layer.weight().sizes();
  layer.set_stored_weight(
      source_->unconverted(path + ".weight", std::span(sizes.data(), sizes.size())));
  return parameters_->add(path, std::move(layer));
}

const Layer* Scope::linear(std::string_view name, std::int64_t in, std::int64_t out,
                           bool has_bias) const {
  const std::string path = full(name);
  at::Tensor weight = source_->take(path + ".weight", std::array{out, in});
  at::Tensor bias = has_bias ? source_->take(path + ".bias", std::array{out}) : at::Tensor{};
  return &add_layer(path, Layer::linear(std::move(weight), std::move(bias)));
}

const Layer* Scope::conv(std::string_view name, std::int64_t in, std::int64_t out,
                         std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                         bool has_bias) const {
  const std::string path = full(name);
  at::Tensor weight = source_->take(path + ".weight", std::array{out, in, kernel, kernel});
  at::Tensor bias;
  if (has_bias) {
    bias = source_->take(path + ".bias", std::array{out});
  }
  return &add_layer(path, Layer::conv2d(std::move(weight), std::move(bias), stride, padding));
}

Norm Scope::layer_norm(std::string_view name, std::int64_t channels, double eps) const {
  const std::string path = full(name);
  at::Tensor weight = source_->take(path + ".weight", std::array{channels});
  at::Tensor bias = source_->take(path + ".bias", std::array{channels});
  return {&add_layer(path, Layer::norm(std::move(weight), std::move(bias))), eps, 0};
}

Norm Scope::group_norm(std::string_view name, std::int64_t channels, std::int64_t groups,
                       double eps) const {
  require(groups > 0 && channels % groups == 0, ErrorCode::kCorruptData, full(name), ": ", channels,
          " channels cannot be split into ", groups, " groups; the config is wrong");
  Norm norm = layer_norm(name, channels, eps);
  norm.groups = groups;
  return norm;
}

const at::Tensor* Scope::tensor(std::string_view name,
                                std::initializer_list<std::int64_t> sizes) const {
  const std::string path = full(name);
  return &parameters_->add(path, source_->take(path, std::span(sizes.begin(), sizes.size())));
}

}  // namespace stylus::nn
