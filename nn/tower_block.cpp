#include "nn/tower_block.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

namespace stylus::nn {

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  std::int64_t heads) {
  const auto split_heads = [heads](const at::Tensor& t) {
    return t.unflatten(-1, {heads, -1}).transpose(1, 2);
  };
  return at::scaled_dot_product_attention(split_heads(q), split_heads(k), split_heads(v))
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor activated(at::Tensor x, ClipActivation activation) {
  switch (activation) {
    case ClipActivation::kQuickGelu:
      return x.mul_(at::sigmoid(x.mul(1.702)));
    case ClipActivation::kGelu:
      return at::gelu_(x);
    case ClipActivation::kGeluTanh:
      return at::gelu_(x, "tanh");
  }
  return x;
}

TowerBlock::TowerBlock(const Scope& layer, const Sizes& sizes) : sizes_(sizes) {
  const std::int64_t width = sizes.width;
  const Scope attention = layer.at("self_attn");
  const Scope mlp = layer.at("mlp");
  norm1_ = layer.layer_norm("layer_norm1", width, sizes.layer_norm_eps);
  q_ = attention.linear("q_proj", width, width);
  k_ = attention.linear("k_proj", width, width);
  v_ = attention.linear("v_proj", width, width);
  out_ = attention.linear("out_proj", width, width);
  norm2_ = layer.layer_norm("layer_norm2", width, sizes.layer_norm_eps);
  fc1_ = mlp.linear("fc1", width, sizes.intermediate);
  fc2_ = mlp.linear("fc2", sizes.intermediate, width);
}

at::Tensor TowerBlock::forward(const at::Tensor& x) const {
  const at::Tensor normed = norm1_.forward(x);
  const at::Tensor mixed =
      attend(q_->forward(normed), k_->forward(normed), v_->forward(normed), sizes_.heads);
  const at::Tensor h = out_->forward(mixed).add_(x);
  const at::Tensor inner = activated(fc1_->forward(norm2_.forward(h)), sizes_.activation);
  return fc2_->forward(inner).add_(h);
}

}  // namespace stylus::nn
