#include "generator/lora/key_map.h"

#include <array>
#include <optional>
#include <utility>

namespace stylus::generator {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Ends of module paths that old attention processors spell differently. The first is the path's.
constexpr auto kOldEnds = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".to_q", ".processor.to_q"},
    {".to_k", ".processor.to_k"},
    {".to_v", ".processor.to_v"},
    {".to_out.0", ".processor.to_out"},
    {".to_out.0", ".to_out"},
    {".self_attn.q_proj", ".self_attn.to_q"},
    {".self_attn.k_proj", ".self_attn.to_k"},
    {".self_attn.v_proj", ".self_attn.to_v"},
    {".self_attn.out_proj", ".self_attn.to_out"},
});

std::vector<std::string> other_names(const std::string& path, const LdmNames* ldm) {
  std::vector<std::string> names;
  for (const auto& [end, old] : kOldEnds) {
    if (ends_with(path, end)) {
      names.push_back(path.substr(0, path.size() - end.size()) + std::string(old));
    }
  }
  constexpr std::string_view kTextModel = "text_model.";
  if (path.compare(0, kTextModel.size(), kTextModel) == 0) {
    names.push_back(path.substr(kTextModel.size()));
  }
  if (ldm != nullptr) {
    std::string name = ldm->of(path);
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

/// Prefixes of a table's paths up to and including `mark` and a number, in the order of numbers.
std::vector<std::string> numbered(const nn::LayerTable& layers, const std::string& before,
                                  std::string_view mark) {
  std::vector<std::string> found;
  for (std::size_t index = 0;; ++index) {
    std::string prefix = before + std::string(mark) + std::to_string(index) + ".";
    const auto entry = layers.lower_bound(prefix);
    if (entry == layers.end() || entry->first.compare(0, prefix.size(), prefix) != 0) {
      return found;
    }
    found.push_back(std::move(prefix));
  }
}

void append(std::vector<std::string>& list, std::vector<std::string> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
}

/// Paths in the order in which cloneofsimo's exporter met the modules: the blocks down, up, mid;
/// in a transformer block attn1, the gate of ff, attn2.
std::vector<std::string> counted_paths(const nn::LayerTable& layers, bool is_unet) {
  std::vector<std::string> paths;
  if (!is_unet) {
    for (const std::string& layer : numbered(layers, "text_model.encoder.", "layers.")) {
      for (const char* part : {"k_proj", "v_proj", "q_proj", "out_proj"}) {
        paths.push_back(layer + "self_attn." + part);
      }
    }
    return paths;
  }
  // A downsampling-only or plain block has no attentions: gaps in their blocks' numbers are none.
  std::vector<std::string> attentions;
  for (const char* side : {"down_blocks.", "up_blocks."}) {
    for (const std::string& block : numbered(layers, "", side)) {
      append(attentions, numbered(layers, block, "attentions."));
    }
  }
  append(attentions, numbered(layers, "mid_block.", "attentions."));
  for (const std::string& attention : attentions) {
    for (const std::string& block : numbered(layers, attention, "transformer_blocks.")) {
      for (const char* part :
           {"attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "ff.net.0.proj",
            "attn2.to_q", "attn2.to_k", "attn2.to_v", "attn2.to_out.0"}) {
        paths.push_back(block + part);
      }
    }
  }
  return paths;
}

}  // namespace

KeyMap::KeyMap(const ComponentLayers& components) {
  for (const auto& [component, layers] : components) {
    const bool is_unet = component == "unet";
    const std::optional<LdmNames> ldm = is_unet ? std::optional<LdmNames>(layers) : std::nullopt;
    Part& part = parts_[component];
    for (const auto& [path, layer] : layers) {
      part.by_name.emplace(weights::flattened(path),
                           LayerAddress{component, path, layer, layer_count_++});
    }
    // Second, so that no other name hides a true path.
    for (const auto& [path, layer] : layers) {
      const LayerAddress& address = part.by_name.at(weights::flattened(path));
      for (const std::string& name : other_names(path, ldm ? &*ldm : nullptr)) {
        part.by_name.try_emplace(weights::flattened(name), address);
      }
    }
    for (const std::string& path : counted_paths(layers, is_unet)) {
      const auto entry = layers.find(path);
      if (entry != layers.end()) {
        part.counted.push_back(part.by_name.at(weights::flattened(path)));
      }
    }
  }
}

const LayerAddress* KeyMap::find(std::string_view component, std::string_view module) const {
  const auto part = parts_.find(component);
  if (part == parts_.end()) {
    return nullptr;
  }
  const auto entry = part->second.by_name.find(weights::flattened(module));
  return entry == part->second.by_name.end() ? nullptr : &entry->second;
}

std::span<const LayerAddress> KeyMap::counted_layers(std::string_view component) const {
  const auto part = parts_.find(component);
  return part == parts_.end() ? std::span<const LayerAddress>{} : part->second.counted;
}

bool KeyMap::has_component(std::string_view component) const {
  return parts_.find(component) != parts_.end();
}

}  // namespace stylus::generator
