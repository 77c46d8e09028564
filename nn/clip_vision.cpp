#include "nn/clip_vision.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>

#include "nn/guard.h"
#include "support/error.h"

namespace stylus::nn {

ClipVision::ClipVision(const ClipVisionConfig& config, TensorSource& source) : config_(config) {
  require(config.heads > 0 && config.hidden_size % config.heads == 0, ErrorCode::kCorruptData,
          "picture tower config: width ", config.hidden_size, " cannot be split into ",
          config.heads, " heads");
  require(config.patch_size > 0 && config.image_size >= config.patch_size, ErrorCode::kCorruptData,
          "picture tower config: pictures of ", config.image_size, " hold no patch of ",
          config.patch_size);
  const std::int64_t width = config.hidden_size;
  const bool is_clip = !config.is_siglip;
  const std::int64_t side = config.image_size / config.patch_size;
  const double eps = config.layer_norm_eps;
  const Scope root(parameters_, source);
  const Scope model = root.at("vision_model");
  const Scope embeddings = model.at("embeddings");
  if (is_clip) {
    class_embedding_ = embeddings.tensor("class_embedding", {width});
    norm_before_ = model.layer_norm("pre_layrnorm", width, eps);  // sic
  }
  patches_ = embeddings.conv("patch_embedding", config.channels, width, config.patch_size,
                             config.patch_size, /*padding=*/0, /*has_bias=*/config.is_siglip);
  position_embedding_ =
      embeddings.tensor("position_embedding.weight", {side * side + (is_clip ? 1 : 0), width});
  const TowerBlock::Sizes sizes = {width, config.heads, config.intermediate_size, config.activation,
                                   eps};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    blocks_.emplace_back(model.at("encoder.layers", static_cast<std::size_t>(i)), sizes);
  }
  norm_after_ = model.layer_norm("post_layernorm", width, eps);
  if (is_clip) {
    projection_ = root.linear("visual_projection", width, config.projection_dim, false);
    return;
  }
  const Scope head = model.at("head");
  pool_.probe = head.tensor("probe", {1, 1, width});
  pool_.in_weight = head.tensor("attention.in_proj_weight", {3 * width, width});
  pool_.in_bias = head.tensor("attention.in_proj_bias", {3 * width});
  pool_.out = head.linear("attention.out_proj", width, width);
  pool_.norm = head.layer_norm("layernorm", width, eps);
  pool_.fc1 = head.linear("mlp.fc1", width, config.intermediate_size);
  pool_.fc2 = head.linear("mlp.fc2", config.intermediate_size, width);
}

at::Tensor ClipVision::pooled(const at::Tensor& h) const {
  const std::int64_t width = config_.hidden_size;
  const auto part = [&](const at::Tensor& x, std::int64_t which) {
    return at::linear(x, pool_.in_weight->narrow(0, which * width, width),
                      pool_.in_bias->narrow(0, which * width, width));
  };
  const at::Tensor probe = pool_.probe->expand({h.size(0), 1, width});
  const at::Tensor x =
      pool_.out->forward(attend(part(probe, 0), part(h, 1), part(h, 2), config_.heads));
  const at::Tensor inner = activated(pool_.fc1->forward(pool_.norm.forward(x)), config_.activation);
  return pool_.fc2->forward(inner).add_(x).select(1, 0);
}

at::Tensor ClipVision::forward(const at::Tensor& pixels) const {
  require(pixels.dim() == 4 && pixels.size(0) > 0 && pixels.size(1) == config_.channels &&
              pixels.size(2) == config_.image_size && pixels.size(3) == config_.image_size,
          ErrorCode::kInvalidArgument, "picture tower: pixels must be [B, ", config_.channels, ", ",
          config_.image_size, ", ", config_.image_size, "]");
  return guarded("picture tower", [&] {
    const at::Tensor placed = pixels.to(position_embedding_->options());
    at::Tensor h = patches_->forward(placed).flatten(2).transpose(1, 2);  // [B, P, W]
    if (class_embedding_ != nullptr) {
      h = at::cat({class_embedding_->expand({h.size(0), 1, config_.hidden_size}), h}, 1);
    }
    h = h.add(*position_embedding_);
    if (class_embedding_ != nullptr) {
      h = norm_before_.forward(h);
    }
    for (const TowerBlock& block : blocks_) {
      h = block.forward(h);
    }
    if (class_embedding_ == nullptr) {
      return pooled(norm_after_.forward(h));
    }
    return projection_->forward(norm_after_.forward(h.select(1, 0)));
  });
}

}  // namespace stylus::nn
