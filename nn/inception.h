#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "nn/tensor_source.h"

namespace stylus::nn {

/// Inception v3 as FID uses it: the network of 2015 in pytorch-fid's layout, up to the 2,048 pooled
/// numbers. Batch norms are folded into their convolutions.
///
/// Unlike torchvision's, pools of 3 x 3 do not count their padding, and the last block's takes the
/// maximum. Tensor names are torchvision's ("Mixed_5b.branch1x1.conv.weight", "….bn.running_var").
/// Thread safety: forward() may run from several threads.
/// Source: generation-and-evaluation 15.2; pytorch-fid's inception.py.
class Inception {
 public:
  /// The last layer (fc) is not read. Error: see TensorSource::take.
  explicit Inception(TensorSource& source);

  /// pixels [B, 3, 299, 299] in [-1, 1] -> [B, 2048].
  /// Error(kInvalidArgument) for another shape, Error(kUnavailable) out of memory.
  [[nodiscard]] at::Tensor forward(const at::Tensor& pixels) const;

 private:
  struct Conv {
    at::Tensor weight, bias;
    std::int64_t stride = 1;
    std::int64_t pad_rows = 0, pad_columns = 0;
  };
  struct Kernel {
    std::int64_t rows = 1, columns = 1, stride = 1, pad_rows = 0, pad_columns = 0;
  };
  void add(TensorSource& source, const std::string& name, std::int64_t in, std::int64_t out,
           Kernel kernel);
  void add_a(TensorSource& source, const std::string& name, std::int64_t in, std::int64_t pool);
  void add_c(TensorSource& source, const std::string& name, std::int64_t inner);
  void add_e(TensorSource& source, const std::string& name, std::int64_t in);
  [[nodiscard]] at::Tensor conv(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor block_a(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor block_b(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor block_c(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor block_d(const std::string& name, const at::Tensor& x) const;
  [[nodiscard]] at::Tensor block_e(const std::string& name, const at::Tensor& x,
                                   bool takes_maximum) const;

  std::map<std::string, Conv> convs_;
};

/// The tensors of FID's weights that the network reads: without fc and counters.
[[nodiscard]] StoredTensors inception_tensors(const StoredTensors& stored);

}  // namespace stylus::nn
