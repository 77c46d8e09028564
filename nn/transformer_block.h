#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nn/parameters.h"

namespace stylus::nn {

/// Key and value [B, heads, L, head_dim] of one cross attention.
struct KeyValue {
  at::Tensor key;
  at::Tensor value;
};

/// Multi-head attention, softmax(q k^T / sqrt(head_dim)) v, without mask. diffusers' Attention with
/// to_q, to_k, to_v (no bias) and to_out.0.
class Attention {
 public:
  /// width: of the queries and of the result; context_width: of keys and values.
  Attention(const Scope& scope, std::int64_t width, std::int64_t context_width, std::int64_t heads);

  /// context [B, L, context_width]
  [[nodiscard]] KeyValue keys_values(const at::Tensor& context) const;
  /// x [B, N, width] -> [B, N, width]
  [[nodiscard]] at::Tensor forward(const at::Tensor& x, const KeyValue& context) const;

 private:
  [[nodiscard]] at::Tensor split_heads(const at::Tensor& x) const;

  std::int64_t heads_;
  const Layer* q_;
  const Layer* k_;
  const Layer* v_;
  const Layer* out_;
};

/// x += self-attention; x += cross attention; x += GEGLU feed forward; each after a layer norm.
/// diffusers' BasicTransformerBlock.
class TransformerBlock {
 public:
  TransformerBlock(const Scope& scope, std::int64_t width, std::int64_t context_width,
                   std::int64_t heads);

  /// x [B, N, width]
  [[nodiscard]] at::Tensor forward(const at::Tensor& x, const KeyValue& context) const;
  [[nodiscard]] const Attention& cross_attention() const { return attention2_; }

 private:
  [[nodiscard]] at::Tensor feed_forward(const at::Tensor& x) const;

  Norm norm1_;
  Attention attention1_;
  Norm norm2_;
  Attention attention2_;
  Norm norm3_;
  const Layer* gate_;
  const Layer* down_;
};

/// Group norm (eps 1e-6), projection, transformer blocks over the pixels, projection back,
/// residual. diffusers' Transformer2DModel.
class SpatialTransformer {
 public:
  struct Options {
    std::int64_t channels = 0;
    std::int64_t context_width = 0;
    std::int64_t heads = 1;
    std::int64_t depth = 1;
    std::int64_t groups = 32;
    bool use_linear_projection = false;
  };
  SpatialTransformer(const Scope& scope, const Options& options);

  /// x [B, channels, H, W]; `context` points to the keys and values of the first block, those of
  /// the others follow.
  [[nodiscard]] at::Tensor forward(const at::Tensor& x, const KeyValue* context) const;
  [[nodiscard]] const std::vector<TransformerBlock>& blocks() const { return blocks_; }

 private:
  Norm norm_;
  bool is_linear_;
  const Layer* in_;
  std::vector<TransformerBlock> blocks_;
  const Layer* out_;
};

}  // namespace stylus::nn
