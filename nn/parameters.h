#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "nn/layer.h"
#include "nn/tensor_source.h"

namespace stylus::nn {

/// Every tensor of a model that is no Layer (embeddings) by its path, for example
/// "text_model.embeddings.token_embedding.weight". The pointers live as long as the model.
using TensorTable = std::map<std::string, at::Tensor*, std::less<>>;

/// Owns what a model has learned. Blocks keep pointers into it, so it is neither copied nor moved.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  Layer& add(const std::string& path, Layer layer);
  at::Tensor& add(const std::string& path, at::Tensor tensor);

  [[nodiscard]] const LayerTable& layers() const { return layers_; }
  [[nodiscard]] const TensorTable& tensors() const { return tensors_; }

  /// Converts and moves everything; tensors that are right already are left alone. Side branches
  /// are dropped. Convolution weights get channels_last memory where that is asked for.
  void to(at::Device device, at::ScalarType dtype, bool channels_last);

 private:
  std::deque<Layer> layer_store_;
  std::deque<at::Tensor> tensor_store_;
  LayerTable layers_;
  TensorTable tensors_;
};

/// A group or layer norm.
struct Norm {
  const Layer* layer = nullptr;  ///< Of Kind::kNorm.
  double eps = 1e-5;
  std::int64_t groups = 0;  ///< 0: layer norm over the last dimension.

  /// Group norm: [B, C, ...]; layer norm: [..., C].
  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;
  /// silu(forward(x)), in one pass where a GPU has its own code for it.
  [[nodiscard]] at::Tensor forward_silu(const at::Tensor& x) const;
};

/// A place in a model while it is built: takes tensors out of the source by path and puts them into
/// the model's parameters.
class Scope {
 public:
  Scope(Parameters& parameters, TensorSource& source, std::string path = {})
      : parameters_(&parameters), source_(&source), path_(std::move(path)) {}

  /// The scope "path.name" (or "path.name.index").
  [[nodiscard]] Scope at(std::string_view name) const;
  [[nodiscard]] Scope at(std::string_view name, std::size_t index) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool has(std::string_view name) const;

  [[nodiscard]] const Layer* linear(std::string_view name, std::int64_t in, std::int64_t out,
                                    bool has_bias = true) const;
  /// A square kernel.
  [[nodiscard]] const Layer* conv(std::string_view name, std::int64_t in, std::int64_t out,
                                  std::int64_t kernel, std::int64_t stride = 1,
                                  std::int64_t padding = 0, bool has_bias = true) const;
  [[nodiscard]] Norm layer_norm(std::string_view name, std::int64_t channels, double eps) const;
  /// Requires: groups divide channels, else Error(kCorruptData).
  [[nodiscard]] Norm group_norm(std::string_view name, std::int64_t channels, std::int64_t groups,
                                double eps) const;
  [[nodiscard]] const at::Tensor* tensor(std::string_view name,
                                         std::initializer_list<std::int64_t> sizes) const;

 private:
  [[nodiscard]] std::string full(std::string_view name) const;
  /// With what the checkpoint stores of its weight.
  [[nodiscard]] Layer& add_layer(const std::string& path, Layer layer) const;

  Parameters* parameters_;
  TensorSource* source_;
  std::string path_;
};

}  // namespace stylus::nn
