#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "generator/lora/key_map.h"

namespace stylus::generator {
namespace {

/// Reads "12." off the front of `text`; nothing if no number with a dot stands there.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || length >= text.size() || text[length] != '.') {
    return std::nullopt;
  }
  text.remove_prefix(length + 1);
  return value;
}

bool take(std::string_view& text, std::string_view start) {
  if (text.substr(0, start.size()) != start) {
    return false;
  }
  text.remove_prefix(start.size());
  return true;
}

/// Layers outside the blocks.
constexpr auto kSingles = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"conv_in", "input_blocks.0.0"},
    {"conv_norm_out", "out.0"},
    {"conv_out", "out.2"},
    {"time_embedding.linear_1", "time_embed.0"},
    {"time_embedding.linear_2", "time_embed.2"},
    {"add_embedding.linear_1", "label_emb.0.0"},
    {"add_embedding.linear_2", "label_emb.0.2"},
    {"class_embedding.linear_1", "label_emb.0.0"},
    {"class_embedding.linear_2", "label_emb.0.2"},
});

constexpr auto kResidualParts = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"norm1", "in_layers.0"},
    {"conv1", "in_layers.2"},
    {"norm2", "out_layers.0"},
    {"conv2", "out_layers.3"},
    {"time_emb_proj", "emb_layers.1"},
    {"conv_shortcut", "skip_connection"},
});

template <typename Table>
std::string_view look_up(const Table& table, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const auto& entry) { return entry.first == name; });
  return row == table.end() ? std::string_view{} : row->second;
}

std::string block_name(std::string_view kind, std::int64_t block, std::int64_t part) {
  return std::string(kind) + "." + std::to_string(block) + "." + std::to_string(part) + ".";
}

/// `rest` behind the residual block's or attention's ldm name; "" when it is no layer of one.
std::string joined(std::string prefix, std::string_view rest, bool is_residual) {
  const std::string_view name = is_residual ? look_up(kResidualParts, rest) : rest;
  return name.empty() ? "" : std::move(prefix) + std::string(name);
}

}  // namespace

LdmNames::LdmNames(const nn::LayerTable& unet) {
  for (const auto& [path, layer] : unet) {
    std::string_view rest = path;
    if (take(rest, "down_blocks.0.resnets.")) {
      layers_per_block_ = std::max(layers_per_block_, take_number(rest).value_or(0) + 1);
    } else if (take(rest, "up_blocks.")) {
      const std::optional<std::int64_t> block = take_number(rest);
      constexpr std::int64_t kMostBlocks = 64;
      if (block && *block >= 0 && *block < kMostBlocks) {
        up_attention_.resize(std::max(up_attention_.size(), static_cast<std::size_t>(*block) + 1));
        if (take(rest, "attentions.")) {
          up_attention_[static_cast<std::size_t>(*block)] = true;
        }
      }
    }
  }
}

bool LdmNames::up_block_has_attention(std::int64_t block) const {
  const auto index = static_cast<std::size_t>(block);
  return index < up_attention_.size() && up_attention_[index];
}

std::string LdmNames::of(std::string_view path) const {
  if (const std::string_view single = look_up(kSingles, path); !single.empty()) {
    return std::string(single);
  }
  std::string_view rest = path;
  const std::int64_t n = layers_per_block_;
  if (take(rest, "mid_block.")) {
    const bool is_residual = take(rest, "resnets.");
    if (!is_residual && !take(rest, "attentions.")) {
      return "";
    }
    const std::optional<std::int64_t> index = take_number(rest);
    return index
               ? joined("middle_block." + std::to_string(2 * *index + (is_residual ? 0 : 1)) + ".",
                        rest, is_residual)
               : "";
  }
  const bool is_down = take(rest, "down_blocks.");
  if (!is_down && !take(rest, "up_blocks.")) {
    return "";
  }
  const std::optional<std::int64_t> block = take_number(rest);
  if (!block) {
    return "";
  }
  if (is_down && rest == "downsamplers.0.conv") {
    return block_name("input_blocks", (n + 1) * (*block + 1), 0) + "op";
  }
  if (!is_down && rest == "upsamplers.0.conv") {
    return block_name("output_blocks", (n + 1) * *block + n,
                      up_block_has_attention(*block) ? 2 : 1) +
           "conv";
  }
  const bool is_residual = take(rest, "resnets.");
  if (!is_residual && !take(rest, "attentions.")) {
    return "";
  }
  const std::optional<std::int64_t> layer = take_number(rest);
  if (!layer) {
    return "";
  }
  const std::int64_t slot = (n + 1) * *block + *layer + (is_down ? 1 : 0);
  return joined(block_name(is_down ? "input_blocks" : "output_blocks", slot, is_residual ? 0 : 1),
                rest, is_residual);
}

}  // namespace stylus::generator
