#include "nn/clip_text.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

#include <utility>

#include "nn/guard.h"
#include "support/error.h"

namespace stylus::nn {

ClipText::ClipText(const ClipTextConfig& config, TensorSource& source) : config_(config) {
  require(config.heads > 0 && config.hidden_size % config.heads == 0, ErrorCode::kCorruptData,
          "text encoder config: width ", config.hidden_size, " cannot be split into ", config.heads,
          " heads");
  const std::int64_t width = config.hidden_size;
  const Scope root(parameters_, source);
  const Scope model = root.at("text_model");
  token_embedding_ = model.tensor("embeddings.token_embedding.weight", {config.vocab_size, width});
  position_embedding_ =
      model.tensor("embeddings.position_embedding.weight", {config.max_positions, width});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const Scope layer = model.at("encoder.layers", static_cast<std::size_t>(i));
    const Scope attention = layer.at("self_attn");
    const Scope mlp = layer.at("mlp");
    blocks_.push_back(
        {layer.layer_norm("layer_norm1", width, config.layer_norm_eps),
         attention.linear("q_proj", width, width), attention.linear("k_proj", width, width),
         attention.linear("v_proj", width, width), attention.linear("out_proj", width, width),
         layer.layer_norm("layer_norm2", width, config.layer_norm_eps),
         mlp.linear("fc1", width, config.intermediate_size),
         mlp.linear("fc2", config.intermediate_size, width)});
  }
  final_norm_ = model.layer_norm("final_layer_norm", width, config.layer_norm_eps);
  if (config.has_projection) {
    projection_ = root.linear("text_projection", width, config.projection_dim, false);
  }
}

void ClipText::to(at::Device device, at::ScalarType dtype) {
  guarded("text encoder", [&] {
    parameters_.to(device, dtype, false);
    if (extra_embeddings_.defined()) {
      extra_embeddings_ = extra_embeddings_.to(token_embedding_->options());
    }
  });
}

void ClipText::set_extra_embeddings(const at::Tensor& rows) {
  require(!rows.defined() || (rows.dim() == 2 && rows.size(1) == config_.hidden_size),
          ErrorCode::kInvalidArgument, "learned token vectors must be [N, ", config_.hidden_size,
          "]; they belong to another text encoder");
  extra_embeddings_ = rows.defined() ? rows.to(token_embedding_->options()) : rows;
}

at::Tensor ClipText::embed(const at::Tensor& ids) const {
  const std::int64_t vocab = config_.vocab_size;
  const at::Tensor positions = position_embedding_->narrow(0, 0, ids.size(1));
  if (!extra_embeddings_.defined()) {
    return at::embedding(*token_embedding_, ids).add_(positions);
  }
  // Both tables are read at harmless places, then the right one is taken: no copy of the
  // vocabulary.
  const at::Tensor is_extra = ids.ge(vocab).unsqueeze(-1);
  const at::Tensor known = at::embedding(*token_embedding_, ids.clamp_max(vocab - 1));
  const at::Tensor extra = at::embedding(extra_embeddings_, ids.sub(vocab).clamp_min(0));
  return extra.where(is_extra, known).add_(positions);
}

at::Tensor ClipText::run_block(const Block& block, const at::Tensor& x) const {
  const auto split_heads = [&](const at::Tensor& t) {
    return t.unflatten(-1, {config_.heads, -1}).transpose(1, 2);
  };
  at::Tensor normed = block.norm1.forward(x);
  const at::Tensor mixed = at::scaled_dot_product_attention(
      split_heads(block.q->forward(normed)), split_heads(block.k->forward(normed)),
      split_heads(block.v->forward(normed)), {}, 0.0, /*is_causal=*/true);
  at::Tensor h = block.out->forward(mixed.transpose(1, 2).flatten(2)).add_(x);
  at::Tensor inner = block.fc1->forward(block.norm2.forward(h));
  if (config_.quick_gelu) {
    inner.mul_(at::sigmoid(inner.mul(1.702)));
  } else {
    at::gelu_(inner);
  }
  return block.fc2->forward(inner).add_(h);
}

at::Tensor ClipText::final_norm(const at::Tensor& hidden) const {
  return guarded("text encoder", [&] { return final_norm_.forward(hidden); });
}

/// [B]: where each row first has its end-of-text token.
at::Tensor ClipText::end_positions(const at::Tensor& ids) const {
  constexpr std::int64_t kHistoricEos = 2;
  if (config_.eos_token_id != kHistoricEos) {
    return ids.eq(config_.eos_token_id).to(at::kInt).argmax(-1);
  }
  // The end token has the highest id; learned tokens, which lie above, do not count.
  return ids.masked_fill(ids.ge(config_.vocab_size), 0).to(at::kInt).argmax(-1);
}

ClipText::Output ClipText::forward(const at::Tensor& ids) const {
  require(ids.dim() == 2 && ids.scalar_type() == at::kLong && ids.size(0) > 0 && ids.size(1) > 0 &&
              ids.size(1) <= config_.max_positions,
          ErrorCode::kInvalidArgument, "text encoder: ids must be int64 [B, L] with L up to ",
          config_.max_positions);
  return guarded("text encoder", [&] {
    const std::int64_t known =
        config_.vocab_size + (extra_embeddings_.defined() ? extra_embeddings_.size(0) : 0);
    if (ids.device().is_cpu()) {  // elsewhere the check would wait for the device
      require(ids.min().item<std::int64_t>() >= 0 && ids.max().item<std::int64_t>() < known,
              ErrorCode::kInvalidArgument, "text encoder: a token id is not below ", known);
    }
    const at::Tensor placed = ids.to(token_embedding_->device());
    Output output;
    output.hidden.push_back(embed(placed));
    for (const Block& block : blocks_) {
      output.hidden.push_back(run_block(block, output.hidden.back()));
    }
    output.last = final_norm_.forward(output.hidden.back());
    const at::Tensor rows = at::arange(ids.size(0), placed.options());
    output.pooled = output.last.index({rows, end_positions(placed)});
    if (projection_ != nullptr) {
      output.projected = projection_->forward(output.pooled);
    }
    return output;
  });
}

}  // namespace stylus::nn
