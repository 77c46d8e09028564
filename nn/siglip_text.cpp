#include "nn/siglip_text.h"

#include <ATen/ops/embedding.h>

#include "nn/guard.h"
#include "support/error.h"

namespace stylus::nn {

SiglipText::SiglipText(const SiglipTextConfig& config, TensorSource& source) : config_(config) {
  const std::int64_t width = config.hidden_size;
  const Scope root(parameters_, source);
  const Scope model = root.at("text_model");
  token_embedding_ = model.tensor("embeddings.token_embedding.weight", {config.vocab_size, width});
  position_embedding_ =
      model.tensor("embeddings.position_embedding.weight", {config.max_positions, width});
  const TowerBlock::Sizes sizes = {width, config.heads, config.intermediate_size, config.activation,
                                   config.layer_norm_eps};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    blocks_.emplace_back(model.at("encoder.layers", static_cast<std::size_t>(i)), sizes);
  }
  final_norm_ = model.layer_norm("final_layer_norm", width, config.layer_norm_eps);
  head_ = model.linear("head", width, config.projection_dim);
}

at::Tensor SiglipText::forward(const at::Tensor& ids) const {
  require(ids.dim() == 2 && ids.scalar_type() == at::kLong && ids.size(0) > 0 &&
              ids.size(1) == config_.max_positions,
          ErrorCode::kInvalidArgument, "SigLIP's text tower: ids must be int64 [B, ",
          config_.max_positions, "]; pad the texts");
  return guarded("text tower", [&] {
    if (ids.device().is_cpu()) {  // elsewhere the check would wait for the device
      require(ids.min().item<std::int64_t>() >= 0 &&
                  ids.max().item<std::int64_t>() < config_.vocab_size,
              ErrorCode::kInvalidArgument, "SigLIP's text tower: a token id is not below ",
              config_.vocab_size, "; the tokenizer belongs to another model");
    }
    at::Tensor h = at::embedding(*token_embedding_, ids.to(token_embedding_->device()))
                       .add_(*position_embedding_);
    for (const TowerBlock& block : blocks_) {
      h = block.forward(h);
    }
    return head_->forward(final_norm_.forward(h.select(1, -1)));
  });
}

}  // namespace stylus::nn
