#include "nn/transformer_block.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "nn/cuda_backend.h"
#include "support/error.h"

namespace stylus::nn {

Attention::Attention(const Scope& scope, std::int64_t width, std::int64_t context_width,
                     std::int64_t heads)
    : heads_(heads),
      q_(scope.linear("to_q", width, width, false)),
      k_(scope.linear("to_k", context_width, width, false)),
      v_(scope.linear("to_v", context_width, width, false)),
      out_(scope.linear("to_out.0", width, width)) {}

/// [B, N, width] -> [B, heads, N, head_dim], a view.
at::Tensor Attention::split_heads(const at::Tensor& x) const {
  return x.unflatten(-1, {heads_, -1}).transpose(1, 2);
}

KeyValue Attention::keys_values(const at::Tensor& context) const {
  return {split_heads(k_->forward(context)), split_heads(v_->forward(context))};
}

at::Tensor Attention::forward(const at::Tensor& x, const KeyValue& context) const {
  const at::Tensor query = split_heads(q_->forward(x));
  const at::Tensor mixed = at::scaled_dot_product_attention(query, context.key, context.value);
  return out_->forward(mixed.transpose(1, 2).flatten(2));
}

TransformerBlock::TransformerBlock(const Scope& scope, std::int64_t width,
                                   std::int64_t context_width, std::int64_t heads)
    : norm1_(scope.layer_norm("norm1", width, 1e-5)),
      attention1_(scope.at("attn1"), width, width, heads),
      norm2_(scope.layer_norm("norm2", width, 1e-5)),
      attention2_(scope.at("attn2"), width, context_width, heads),
      norm3_(scope.layer_norm("norm3", width, 1e-5)),
      gate_(scope.linear("ff.net.0.proj", width, 8 * width)),
      down_(scope.linear("ff.net.2", 4 * width, width)) {}

at::Tensor TransformerBlock::feed_forward(const at::Tensor& x) const {
  const at::Tensor both = gate_->forward(x);
  if (const CudaBackend* gpu = both.is_cuda() ? cuda_backend() : nullptr) {
    if (const at::Tensor gated = gpu->geglu(both); gated.defined()) {
      return down_->forward(gated);
    }
  }
  const std::vector<at::Tensor> halves = both.chunk(2, -1);
  return down_->forward(at::gelu(halves[1]).mul_(halves[0]));  // the second half is the gate
}

at::Tensor TransformerBlock::forward(const at::Tensor& x, const KeyValue& context) const {
  at::Tensor normed = norm1_.forward(x);
  at::Tensor h = attention1_.forward(normed, attention1_.keys_values(normed)).add_(x);
  h = attention2_.forward(norm2_.forward(h), context).add_(h);
  return feed_forward(norm3_.forward(h)).add_(h);
}

SpatialTransformer::SpatialTransformer(const Scope& scope, const Options& options)
    : norm_(scope.group_norm("norm", options.channels, options.groups, 1e-6)),
      is_linear_(options.use_linear_projection),
      in_(is_linear_ ? scope.linear("proj_in", options.channels, options.channels)
                     : scope.conv("proj_in", options.channels, options.channels, 1)),
      out_(nullptr) {
  require(options.heads > 0 && options.channels % options.heads == 0, ErrorCode::kCorruptData,
          scope.path(), ": ", options.channels, " channels cannot be split into ", options.heads,
          " heads; the config is wrong");
  for (std::int64_t i = 0; i < options.depth; ++i) {
    blocks_.emplace_back(scope.at("transformer_blocks", static_cast<std::size_t>(i)),
                         options.channels, options.context_width, options.heads);
  }
  out_ = is_linear_ ? scope.linear("proj_out", options.channels, options.channels)
                    : scope.conv("proj_out", options.channels, options.channels, 1);
}

at::Tensor SpatialTransformer::forward(const at::Tensor& x, const KeyValue* context) const {
  const std::int64_t height = x.size(2);
  const std::int64_t width = x.size(3);
  const auto to_tokens = [](const at::Tensor& image) {  // [B, C, H, W] -> [B, HW, C]
    return image.permute({0, 2, 3, 1}).flatten(1, 2);
  };
  const auto to_image = [&](const at::Tensor& tokens) {
    return tokens.unflatten(1, {height, width})
        .permute({0, 3, 1, 2})
        .contiguous(x.suggest_memory_format());
  };
  at::Tensor h = norm_.forward(x);
  h = is_linear_ ? in_->forward(to_tokens(h)) : to_tokens(in_->forward(h));
  for (const TransformerBlock& block : blocks_) {
    h = block.forward(h, *context++);
  }
  h = is_linear_ ? to_image(out_->forward(h)) : out_->forward(to_image(h));
  return h.add_(x);
}

}  // namespace stylus::nn
