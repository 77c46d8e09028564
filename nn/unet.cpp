#include "nn/unet.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>

#include <optional>
#include <utility>

#include "nn/guard.h"
#include "nn/timestep_embedding.h"
#include "nn/unet_blocks.h"
#include "support/error.h"

namespace stylus::nn {

struct UNetBlocks {
  const Layer* conv_in = nullptr;
  const Layer* time1 = nullptr;
  const Layer* time2 = nullptr;
  const Layer* added1 = nullptr;
  const Layer* added2 = nullptr;
  std::vector<DownBlock> down;
  std::optional<MidBlock> mid;
  std::vector<UpBlock> up;
  Norm norm_out;
  const Layer* conv_out = nullptr;
};

namespace {

constexpr std::int64_t kTimeFactor = 4;  // time_embedding widens block_out_channels[0] by this

void check_config(const UNetConfig& config) {
  const std::size_t levels = config.block_out_channels.size();
  require(levels > 0 && config.layers_per_block.size() == levels &&
              config.down_attention.size() == levels && config.up_attention.size() == levels &&
              config.heads.size() == levels && config.transformer_layers.size() == levels &&
              config.cross_attention_dim.size() == levels,
          ErrorCode::kCorruptData, "UNet config: ", levels,
          " levels by block_out_channels, but another list has another length");
}

LevelOptions level_options(const UNetConfig& config, std::size_t level) {
  LevelOptions options;
  options.layers = config.layers_per_block[level];
  options.time_channels = config.block_out_channels.front() * kTimeFactor;
  options.eps = config.norm_eps;
  options.groups = config.norm_groups;
  options.attention.context_width = config.cross_attention_dim[level];
  options.attention.heads = config.heads[level];
  options.attention.depth = config.transformer_layers[level];
  options.attention.groups = config.norm_groups;
  options.attention.use_linear_projection = config.use_linear_projection;
  return options;
}

void build_time(UNetBlocks& blocks, const Scope& root, const UNetConfig& config) {
  const std::int64_t width = config.block_out_channels.front();
  const std::int64_t time = width * kTimeFactor;
  blocks.time1 = root.linear("time_embedding.linear_1", width, time);
  blocks.time2 = root.linear("time_embedding.linear_2", time, time);
  if (config.has_text_time) {
    blocks.added1 =
        root.linear("add_embedding.linear_1", config.projection_class_embeddings_input_dim, time);
    blocks.added2 = root.linear("add_embedding.linear_2", time, time);
  }
}

void build_levels(UNetBlocks& blocks, const Scope& root, const UNetConfig& config) {
  const std::vector<std::int64_t>& widths = config.block_out_channels;
  const std::size_t levels = widths.size();
  for (std::size_t i = 0; i < levels; ++i) {
    LevelOptions options = level_options(config, i);
    options.has_attention = config.down_attention[i];
    blocks.down.emplace_back(root.at("down_blocks", i), i == 0 ? widths[0] : widths[i - 1],
                             widths[i], i + 1 < levels, options);
  }
  if (config.has_mid_block) {
    blocks.mid.emplace(root.at("mid_block"), widths.back(), level_options(config, levels - 1));
  }
  for (std::size_t i = 0; i < levels; ++i) {
    const std::size_t level = levels - 1 - i;
    LevelOptions options = level_options(config, level);
    options.layers += 1;
    options.has_attention = config.up_attention[i];
    const UpBlock::Channels channels = {i == 0 ? widths.back() : widths[level + 1], widths[level],
                                        level == 0 ? widths[0] : widths[level - 1]};
    blocks.up.emplace_back(root.at("up_blocks", i), channels, i + 1 < levels, options);
  }
}

/// Calls `visit` for every transformer block in the order of the forward pass.
template <typename Visit>
void for_each_transformer(const UNetBlocks& blocks, Visit visit) {
  const auto visit_all = [&](const std::vector<SpatialTransformer>& attentions) {
    for (const SpatialTransformer& attention : attentions) {
      for (const TransformerBlock& block : attention.blocks()) {
        visit(block);
      }
    }
  };
  for (const DownBlock& block : blocks.down) {
    visit_all(block.attentions());
  }
  if (blocks.mid) {
    for (const TransformerBlock& block : blocks.mid->attention().blocks()) {
      visit(block);
    }
  }
  for (const UpBlock& block : blocks.up) {
    visit_all(block.attentions());
  }
}

}  // namespace

UNet::UNet(const UNetConfig& config, TensorSource& source)
    : config_(config), blocks_(std::make_unique<UNetBlocks>()) {
  check_config(config);
  const std::vector<std::int64_t>& widths = config.block_out_channels;
  const Scope root(parameters_, source);
  blocks_->conv_in = root.conv("conv_in", config.in_channels, widths[0], 3, 1, 1);
  build_time(*blocks_, root, config);
  build_levels(*blocks_, root, config);
  blocks_->norm_out =
      root.group_norm("conv_norm_out", widths[0], config.norm_groups, config.norm_eps);
  blocks_->conv_out = root.conv("conv_out", widths[0], config.out_channels, 3, 1, 1);
  channels_last_ = source.options().channels_last;
}

UNet::~UNet() = default;

void UNet::to(at::Device device, at::ScalarType dtype, bool channels_last) {
  guarded("UNet", [&] { parameters_.to(device, dtype, channels_last); });
  channels_last_ = channels_last;
}

at::Tensor UNet::embed_time(const at::Tensor& timestep, const AddedConditions& added,
                            std::int64_t batch) const {
  const at::TensorOptions model = blocks_->conv_in->weight().options();
  const at::Tensor times = timestep.to(model.dtype(at::kFloat)).reshape({-1});
  at::Tensor h = timestep_embedding(times, config_.block_out_channels.front(),
                                    config_.flip_sin_to_cos, config_.freq_shift)
                     .to(model);
  h = blocks_->time1->forward(h);
  h = blocks_->time2->forward(at::silu_(h)).expand({batch, -1});
  if (!config_.has_text_time) {
    return at::silu(h);
  }
  const at::Tensor ids = added.time_ids.to(model.dtype(at::kFloat)).reshape({-1});
  const at::Tensor sizes = timestep_embedding(ids, config_.addition_time_embed_dim,
                                              config_.flip_sin_to_cos, config_.freq_shift)
                               .reshape({batch, -1});
  at::Tensor extra = at::cat({added.text_embeds.to(model), sizes.to(model)}, -1);
  extra = blocks_->added1->forward(extra);
  extra = blocks_->added2->forward(at::silu_(extra));
  return at::silu_(extra.add_(h));
}

UNetContext UNet::prepare_context(const at::Tensor& states) const {
  return guarded("UNet", [&] {
    UNetContext context(states.to(blocks_->conv_in->weight().options()));
    for_each_transformer(*blocks_, [&](const TransformerBlock& block) {
      context.keys_values.push_back(block.cross_attention().keys_values(context.states));
    });
    return context;
  });
}

namespace {

void check_inputs(const UNetConfig& config, const at::Tensor& sample, const at::Tensor& timestep,
                  const UNetContext& context, const AddedConditions& added) {
  require(sample.dim() == 4 && sample.size(1) == config.in_channels && sample.size(0) > 0,
          ErrorCode::kInvalidArgument, "UNet: the sample must be [B, ", config.in_channels,
          ", h, w]");
  const std::int64_t batch = sample.size(0);
  require(timestep.numel() == 1 || (timestep.dim() == 1 && timestep.size(0) == batch),
          ErrorCode::kInvalidArgument, "UNet: ", timestep.numel(), " time steps for ", batch,
          " samples");
  require(context.states.dim() == 3 && context.states.size(0) == batch &&
              context.states.size(2) == config.cross_attention_dim.front(),
          ErrorCode::kInvalidArgument, "UNet: the text states must be [", batch, ", L, ",
          config.cross_attention_dim.front(), "]; is the text encoder that of another base model?");
  if (config.has_text_time) {
    require(
        added.text_embeds.defined() && added.text_embeds.dim() == 2 &&
            added.text_embeds.size(0) == batch && added.time_ids.defined() &&
            added.time_ids.dim() == 2 && added.time_ids.size(0) == batch &&
            added.text_embeds.size(1) + added.time_ids.size(1) * config.addition_time_embed_dim ==
                config.projection_class_embeddings_input_dim,
        ErrorCode::kInvalidArgument, "UNet: text_embeds [B, W] and time_ids [B, 6] must fill ",
        config.projection_class_embeddings_input_dim, " values");
  }
}

}  // namespace

at::Tensor UNet::forward(const at::Tensor& sample, const at::Tensor& timestep,
                         const UNetContext& context, const AddedConditions& added) const {
  check_inputs(config_, sample, timestep, context, added);
  if (context.keys_values.empty()) {
    return forward(sample, timestep, prepare_context(context.states), added);
  }
  return guarded("UNet", [&] {
    BlockInputs inputs = {embed_time(timestep, added, sample.size(0)), context.keys_values.data()};
    at::Tensor x = sample.to(blocks_->conv_in->weight().options())
                       .contiguous(channels_last_ ? at::MemoryFormat::ChannelsLast
                                                  : at::MemoryFormat::Contiguous);
    if (config_.center_input_sample) {
      x = x.mul(2).sub_(1);
    }
    x = blocks_->conv_in->forward(x);
    Skips skips = {x};
    for (const DownBlock& block : blocks_->down) {
      x = block.forward(std::move(x), inputs, skips);
    }
    if (blocks_->mid) {
      x = blocks_->mid->forward(x, inputs);
    }
    for (const UpBlock& block : blocks_->up) {
      x = block.forward(std::move(x), inputs, skips);
    }
    x = blocks_->norm_out.forward(x);
    return blocks_->conv_out->forward(at::silu_(x));
  });
}

}  // namespace stylus::nn
