#include "nn/ldm_names.h"

#include <array>
#include <charconv>
#include <utility>

namespace stylus::nn {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// "in_layers.0.weight" -> "norm1.weight" by a table of module names; nothing if none fits.
template <std::size_t N>
std::optional<std::string> renamed(std::string_view name, const std::array<Pair, N>& table) {
  for (const auto& [from, to] : table) {
    if (name.starts_with(from) && name.size() > from.size() && name[from.size()] == '.') {
      return std::string(to) + std::string(name.substr(from.size()));
    }
  }
  return std::nullopt;
}

/// Reads "12." from the front of `name` and removes it.
std::optional<std::size_t> take_number(std::string_view& name) {
  std::size_t number = 0;
  const char* end = name.data() + name.size();
  const auto [rest, fault] = std::from_chars(name.data(), end, number);
  if (fault != std::errc{} || rest == end || *rest != '.' || number > 1000) {
    return std::nullopt;
  }
  name.remove_prefix(static_cast<std::size_t>(rest - name.data()) + 1);
  return number;
}

bool take_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) {
    return false;
  }
  name.remove_prefix(prefix.size());
  return true;
}

std::optional<std::string> with_prefix(const std::string& prefix, std::optional<std::string> name) {
  return name ? std::optional(prefix + *name) : std::nullopt;
}

std::string numbered(std::string_view a, std::size_t i, std::string_view b, std::size_t j) {
  return std::string(a) + std::to_string(i) + std::string(b) + std::to_string(j) + ".";
}

std::optional<std::string> resnet_name(std::string_view name) {
  static constexpr std::array<Pair, 6> kTable = {{{"in_layers.0", "norm1"},
                                                  {"in_layers.2", "conv1"},
                                                  {"emb_layers.1", "time_emb_proj"},
                                                  {"out_layers.0", "norm2"},
                                                  {"out_layers.3", "conv2"},
                                                  {"skip_connection", "conv_shortcut"}}};
  return renamed(name, kTable);
}

std::optional<std::string> input_block_name(std::string_view name, std::size_t layers) {
  const std::optional<std::size_t> i = take_number(name);
  if (!i) {
    return std::nullopt;
  }
  if (*i == 0) {
    return take_prefix(name, "0.") ? std::optional("conv_in." + std::string(name)) : std::nullopt;
  }
  const std::size_t block = (*i - 1) / (layers + 1);
  const std::size_t layer = (*i - 1) % (layers + 1);
  if (take_prefix(name, "0.op.")) {
    return "down_blocks." + std::to_string(block) + ".downsamplers.0.conv." + std::string(name);
  }
  if (take_prefix(name, "0.")) {
    return with_prefix(numbered("down_blocks.", block, ".resnets.", layer), resnet_name(name));
  }
  if (take_prefix(name, "1.")) {
    return numbered("down_blocks.", block, ".attentions.", layer) + std::string(name);
  }
  return std::nullopt;
}

std::optional<std::string> output_block_name(std::string_view name, std::size_t layers,
                                             const std::set<std::size_t>& plain_upsamplers) {
  const std::optional<std::size_t> i = take_number(name);
  if (!i) {
    return std::nullopt;
  }
  const std::size_t block = *i / (layers + 1);
  const std::size_t layer = *i % (layers + 1);
  if (take_prefix(name, "0.")) {
    return with_prefix(numbered("up_blocks.", block, ".resnets.", layer), resnet_name(name));
  }
  if (take_prefix(name, plain_upsamplers.contains(*i) ? "1.conv." : "2.conv.")) {
    return "up_blocks." + std::to_string(block) + ".upsamplers.0.conv." + std::string(name);
  }
  if (!plain_upsamplers.contains(*i) && take_prefix(name, "1.")) {
    return numbered("up_blocks.", block, ".attentions.", layer) + std::string(name);
  }
  return std::nullopt;
}

/// "block_1.conv1.weight" and "attn_1.q.weight" below "encoder.mid.".
std::optional<std::string> vae_middle_name(std::string_view name) {
  static constexpr std::array<Pair, 9> kTable = {
      {{"block_1.nin_shortcut", "resnets.0.conv_shortcut"},
       {"block_2.nin_shortcut", "resnets.1.conv_shortcut"},
       {"block_1", "resnets.0"},
       {"block_2", "resnets.1"},
       {"attn_1.norm", "attentions.0.group_norm"},
       {"attn_1.q", "attentions.0.to_q"},
       {"attn_1.k", "attentions.0.to_k"},
       {"attn_1.v", "attentions.0.to_v"},
       {"attn_1.proj_out", "attentions.0.to_out.0"}}};
  return with_prefix("mid_block.", renamed(name, kTable));
}

std::optional<std::string> vae_level_name(std::string_view name, std::size_t levels, bool is_down) {
  const std::optional<std::size_t> i = take_number(name);
  if (!i || *i >= levels) {
    return std::nullopt;
  }
  const std::string block = is_down ? "down_blocks." + std::to_string(*i) + "."
                                    : "up_blocks." + std::to_string(levels - 1 - *i) + ".";
  if (take_prefix(name, is_down ? "downsample." : "upsample.")) {
    return block + (is_down ? "downsamplers.0." : "upsamplers.0.") + std::string(name);
  }
  const std::optional<std::size_t> j =
      take_prefix(name, "block.") ? take_number(name) : std::nullopt;
  if (!j) {
    return std::nullopt;
  }
  const std::string_view shown = name;
  const bool is_shortcut = take_prefix(name, "nin_shortcut.");
  return block + "resnets." + std::to_string(*j) + "." +
         (is_shortcut ? "conv_shortcut." + std::string(name) : std::string(shown));
}

}  // namespace

std::optional<std::string> unet_name(std::string_view ldm, std::size_t layers,
                                     const std::set<std::size_t>& plain_upsamplers) {
  static constexpr std::array<Pair, 6> kTable = {{{"time_embed.0", "time_embedding.linear_1"},
                                                  {"time_embed.2", "time_embedding.linear_2"},
                                                  {"label_emb.0.0", "add_embedding.linear_1"},
                                                  {"label_emb.0.2", "add_embedding.linear_2"},
                                                  {"out.0", "conv_norm_out"},
                                                  {"out.2", "conv_out"}}};
  if (take_prefix(ldm, "input_blocks.")) {
    return input_block_name(ldm, layers);
  }
  if (take_prefix(ldm, "output_blocks.")) {
    return output_block_name(ldm, layers, plain_upsamplers);
  }
  if (take_prefix(ldm, "middle_block.0.")) {
    return with_prefix("mid_block.resnets.0.", resnet_name(ldm));
  }
  if (take_prefix(ldm, "middle_block.2.")) {
    return with_prefix("mid_block.resnets.1.", resnet_name(ldm));
  }
  if (take_prefix(ldm, "middle_block.1.")) {
    return "mid_block.attentions.0." + std::string(ldm);
  }
  return renamed(ldm, kTable);
}

std::optional<std::string> vae_name(std::string_view ldm, std::size_t levels) {
  if (ldm.starts_with("quant_conv.") || ldm.starts_with("post_quant_conv.")) {
    return std::string(ldm);
  }
  static constexpr std::array<Pair, 3> kTable = {
      {{"conv_in", "conv_in"}, {"norm_out", "conv_norm_out"}, {"conv_out", "conv_out"}}};
  for (const std::string_view half : {"encoder.", "decoder."}) {
    if (!take_prefix(ldm, half)) {
      continue;
    }
    const bool is_encoder = half == "encoder.";
    std::optional<std::string> name;
    if (take_prefix(ldm, is_encoder ? "down." : "up.")) {
      name = vae_level_name(ldm, levels, is_encoder);
    } else {
      name = take_prefix(ldm, "mid.") ? vae_middle_name(ldm) : renamed(ldm, kTable);
    }
    return with_prefix(std::string(half), name);
  }
  return std::nullopt;
}

bool add_open_clip(std::string_view name, const StoredTensor& stored, StoredTensors& text) {
  static constexpr std::array<Pair, 5> kBlock = {{{"ln_1", "layer_norm1"},
                                                  {"ln_2", "layer_norm2"},
                                                  {"attn.out_proj", "self_attn.out_proj"},
                                                  {"mlp.c_fc", "mlp.fc1"},
                                                  {"mlp.c_proj", "mlp.fc2"}}};
  static constexpr std::array<Pair, 2> kRoot = {
      {{"token_embedding", "embeddings.token_embedding"}, {"ln_final", "final_layer_norm"}}};
  if (name == "text_projection") {
    StoredTensor transposed = stored;
    transposed.transposed = true;
    return text.emplace("text_projection.weight", transposed).second;
  }
  if (name == "positional_embedding") {
    return text.emplace("text_model.embeddings.position_embedding.weight", stored).second;
  }
  if (!take_prefix(name, "transformer.resblocks.")) {
    const std::optional<std::string> root = renamed(name, kRoot);
    return root && text.emplace("text_model." + *root, stored).second;
  }
  const std::optional<std::size_t> i = take_number(name);
  if (!i) {
    return false;
  }
  const std::string layer = "text_model.encoder.layers." + std::to_string(*i) + ".";
  if (take_prefix(name, "attn.in_proj_")) {  // query, key and value, one below the other
    if (name != "weight" && name != "bias") {
      return false;
    }
    for (std::int64_t part = 0; part < 3; ++part) {
      StoredTensor third = stored;
      third.part = part;
      third.parts = 3;
      const std::string_view letter =
          std::string_view("qkv").substr(static_cast<std::size_t>(part), 1);
      text.emplace(layer + "self_attn." + std::string(letter) + "_proj." + std::string(name),
                   third);
    }
    return true;
  }
  const std::optional<std::string> inner = renamed(name, kBlock);
  return inner && text.emplace(layer + *inner, stored).second;
}

}  // namespace stylus::nn
