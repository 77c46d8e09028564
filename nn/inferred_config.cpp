#include "nn/inferred_config.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "nn/config_reader.h"

namespace stylus::nn {
namespace {

/// The size of a tensor's dimension, or nothing where it is larger than a config.json may say:
/// shapes of tensors without elements can claim anything.
std::optional<std::int64_t> size_of(const StoredTensors& tensors, const std::string& name,
                                    std::size_t dim) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    return std::nullopt;
  }
  const std::optional<std::vector<std::int64_t>> shape = found->second.shape();
  if (!shape || shape->size() <= dim || (*shape)[dim] <= 0 || (*shape)[dim] > kLargestCount) {
    return std::nullopt;
  }
  return (*shape)[dim];
}

/// How many of prefix0suffix, prefix1suffix, … there are.
std::int64_t count_of(const StoredTensors& tensors, const std::string& prefix,
                      const std::string& suffix) {
  std::int64_t count = 0;
  while (tensors.contains(prefix + std::to_string(count) + suffix)) {
    ++count;
  }
  return count;
}

std::int64_t depth_of(const StoredTensors& tensors, const std::string& attention) {
  return std::max<std::int64_t>(
      1, count_of(tensors, attention + ".transformer_blocks.", ".norm1.weight"));
}

void read_levels(const StoredTensors& tensors, UNetConfig& config) {
  for (std::size_t i = 0; i < kLongestList; ++i) {
    const std::string block = "down_blocks." + std::to_string(i);
    const std::optional<std::int64_t> width =
        size_of(tensors, block + ".resnets.0.conv1.weight", 0);
    if (!width) {
      return;
    }
    config.block_out_channels.push_back(*width);
    config.layers_per_block.push_back(
        std::max<std::int64_t>(1, count_of(tensors, block + ".resnets.", ".norm1.weight")));
    const std::string attention = block + ".attentions.0";
    config.down_attention.push_back(tensors.contains(attention + ".norm.weight"));
    config.up_attention.push_back(
        tensors.contains("up_blocks." + std::to_string(i) + ".attentions.0.norm.weight"));
    config.transformer_layers.push_back(depth_of(tensors, attention));
  }
}

}  // namespace

UNetConfig infer_unet_config(const StoredTensors& tensors, const std::string& base) {
  UNetConfig config = base == "sdxl"  ? UNetConfig::sdxl()
                      : base == "sd2" ? UNetConfig::sd2()
                                      : UNetConfig::sd15();
  const UNetConfig family = config;
  config.block_out_channels.clear();
  config.layers_per_block.clear();
  config.down_attention.clear();
  config.up_attention.clear();
  config.transformer_layers.clear();
  read_levels(tensors, config);
  if (config.block_out_channels.empty()) {
    return family;
  }
  const std::size_t levels = config.block_out_channels.size();
  const std::string middle = "mid_block.attentions.0";
  config.transformer_layers.back() = depth_of(tensors, middle);
  config.in_channels = size_of(tensors, "conv_in.weight", 1).value_or(4);
  config.out_channels = size_of(tensors, "conv_out.weight", 0).value_or(4);
  const std::optional<std::int64_t> cross =
      size_of(tensors, middle + ".transformer_blocks.0.attn2.to_k.weight", 1);
  config.cross_attention_dim.assign(levels, cross.value_or(family.cross_attention_dim.front()));
  config.use_linear_projection = !size_of(tensors, middle + ".proj_in.weight", 2).has_value();
  config.heads.clear();
  for (const std::int64_t width : config.block_out_channels) {
    constexpr std::int64_t kHeadWidth = 64;  // SD2 and SDXL; SD1 has 8 heads everywhere
    config.heads.push_back(base == "sd15" ? 8 : std::max<std::int64_t>(1, width / kHeadWidth));
  }
  if (const auto width = size_of(tensors, "add_embedding.linear_1.weight", 1)) {
    config.projection_class_embeddings_input_dim = *width;
  }
  return config;
}

VaeConfig infer_vae_config(const StoredTensors& tensors, const std::string& base) {
  VaeConfig config = base == "sdxl" ? VaeConfig::sdxl() : VaeConfig::sd();
  std::vector<std::int64_t> widths;
  while (widths.size() < kLongestList) {
    const std::string block = "encoder.down_blocks." + std::to_string(widths.size());
    const auto width = size_of(tensors, block + ".resnets.0.conv1.weight", 0);
    if (!width) {
      break;
    }
    widths.push_back(*width);
  }
  if (widths.empty()) {
    return config;
  }
  config.block_out_channels = widths;
  config.layers_per_block = std::max<std::int64_t>(
      1, count_of(tensors, "encoder.down_blocks.0.resnets.", ".norm1.weight"));
  config.latent_channels = size_of(tensors, "decoder.conv_in.weight", 1).value_or(4);
  return config;
}

ClipTextConfig infer_clip_text_config(const StoredTensors& tensors, bool is_open_clip) {
  const std::string layer = "text_model.encoder.layers.";
  ClipTextConfig config;
  const std::string tokens = "text_model.embeddings.token_embedding.weight";
  config.vocab_size = size_of(tensors, tokens, 0).value_or(config.vocab_size);
  config.hidden_size = size_of(tensors, tokens, 1).value_or(config.hidden_size);
  config.max_positions =
      size_of(tensors, "text_model.embeddings.position_embedding.weight", 0).value_or(77);
  config.intermediate_size =
      size_of(tensors, layer + "0.mlp.fc1.weight", 0).value_or(4 * config.hidden_size);
  config.layers = std::max<std::int64_t>(1, count_of(tensors, layer, ".layer_norm1.weight"));
  constexpr std::int64_t kHeadWidth = 64;
  config.heads = std::max<std::int64_t>(1, config.hidden_size / kHeadWidth);
  config.quick_gelu = !is_open_clip;
  config.has_projection = tensors.contains("text_projection.weight");
  config.projection_dim =
      size_of(tensors, "text_projection.weight", 0).value_or(config.hidden_size);
  return config;
}

}  // namespace stylus::nn
