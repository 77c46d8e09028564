#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::nn {

/// A low-rank update that stands beside a layer's weight instead of being merged into it:
///   y += up (scale * (down x))
/// `down` is [R, in] for a linear layer and [R, in, kh, kw] for a convolution, `up` is [out, R]; R
/// is the sum of the ranks of all stacked adapters. `scale` is [R], or [B, R] where every image of
/// the batch has adapters of its own; an input of one row, shared by the batch, then gives B rows.
/// All on the layer's device and of its dtype.
struct SideBranch {
  at::Tensor down;
  at::Tensor up;
  at::Tensor scale;
};

/// One linear layer, convolution, or the weight and bias of a norm: what adapters change.
/// Everything else in a model (embeddings) is a plain tensor of its block.
///
/// The weight is held by reference count. Whoever merges adapters replaces its *values* or the
/// tensor itself through set_weight(); the layer never copies.
/// Thread safety: forward() may run from several threads while nobody changes the layer.
class Layer {
 public:
  enum class Kind : std::uint8_t { kLinear, kConv2d, kNorm };

  /// weight [out, in], bias [out] or undefined.
  static Layer linear(at::Tensor weight, at::Tensor bias);
  /// weight [out, in, kh, kw], bias [out] or undefined; the same stride and padding both ways.
  static Layer conv2d(at::Tensor weight, at::Tensor bias, std::int64_t stride,
                      std::int64_t padding);
  /// weight [C], bias [C]. What is computed with them is the Norm's (parameters.h).
  static Layer norm(at::Tensor weight, at::Tensor bias);

  /// Requires: no norm.
  /// linear: [..., in] -> [..., out]; conv2d: [B, in, H, W] -> [B, out, H', W'].
  [[nodiscard]] at::Tensor forward(const at::Tensor& x) const;

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const at::Tensor& weight() const { return weight_; }
  [[nodiscard]] const at::Tensor& bias() const { return bias_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }
  [[nodiscard]] std::int64_t padding() const { return padding_; }

  /// The weight as the checkpoint holds it, where that is of another type than weight(): the same
  /// values before conversion, in a read-only mapping. Undefined where there is no such thing.
  [[nodiscard]] const at::Tensor& stored_weight() const { return stored_weight_; }
  void set_stored_weight(at::Tensor stored) { stored_weight_ = std::move(stored); }

  /// Requires: the shape of the present weight (bias: or undefined), else Error(kInvalidArgument).
  void set_weight(at::Tensor weight);
  void set_bias(at::Tensor bias);
  void set_side_branch(std::optional<SideBranch> branch) { branch_ = std::move(branch); }
  [[nodiscard]] const std::optional<SideBranch>& side_branch() const { return branch_; }

 private:
  Layer(Kind kind, at::Tensor weight, at::Tensor bias, std::int64_t stride, std::int64_t padding);

  Kind kind_;
  at::Tensor weight_;
  at::Tensor stored_weight_;
  at::Tensor bias_;
  std::int64_t stride_ = 1;
  std::int64_t padding_ = 0;
  std::optional<SideBranch> branch_;
};

/// Every Layer of a model by its diffusers module path, for example
/// "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q". The pointers live as long as the
/// model, which is therefore neither copied nor moved.
using LayerTable = std::map<std::string, Layer*, std::less<>>;

}  // namespace stylus::nn
