#include "weights/dialect.h"

#include <algorithm>
#include <array>
#include <map>

#include "weights/family_detection.h"

namespace stylus::weights {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string_view dialect_without_prefix(const LayerUpdate& layer) {
  const bool is_double_stream =
      starts_with(layer.module, "double_blocks.") || starts_with(layer.module, "single_blocks.");
  if (layer.style == PartStyle::kXlabs ||
      (layer.style == PartStyle::kProcessor && is_double_stream)) {
    return "xlabs";
  }
  if (layer.style == PartStyle::kProcessor) {
    return "diffusers_attn_procs";
  }
  return is_double_stream ? "bfl" : "bare";
}

std::string_view dialect_of(const LayerUpdate& layer) {
  switch (layer.prefix) {
    case Prefix::kKohya:
      return "kohya";
    case Prefix::kOneTrainer:
      return "onetrainer";
    case Prefix::kLycoris:
      return "lycoris";
    case Prefix::kComfy:
      return "comfyui";
    case Prefix::kPeft:
      return "peft";
    case Prefix::kIndexed:
      return "cloneofsimo";
    case Prefix::kComponent:
      if (layer.style == PartStyle::kLetters) {
        return "diffusers_peft";
      }
      return layer.style == PartStyle::kProcessor ? "diffusers_attn_procs" : "diffusers";
    case Prefix::kNone:
      return dialect_without_prefix(layer);
  }
  return "bare";
}

}  // namespace

std::string dialect_of(std::span<const LayerUpdate> layers) {
  // Text-encoder layers look alike in most dialects, so they vote only among themselves.
  std::map<std::string_view, int> denoiser;
  std::map<std::string_view, int> encoder;
  for (const LayerUpdate& layer : layers) {
    ++(is_text_encoder(layer) ? encoder : denoiser)[dialect_of(layer)];
  }
  const auto& votes = denoiser.empty() ? encoder : denoiser;
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? "" : std::string(most->first);
}

std::string_view look_of(std::span<const Tensor> tensors) {
  struct Mark {
    std::string_view start;
    std::string_view look;
  };
  static constexpr auto kMarks = std::to_array<Mark>({
      {"control_model.", "a ControlNet"},
      {"controlnet_", "a ControlNet"},
      {"input_hint_block.", "a ControlNet"},
      {"image_proj.", "an IP-Adapter"},
      {"ip_adapter.", "an IP-Adapter"},
      {"adapter.body.", "a T2I-Adapter"},
      {"first_stage_model.", "a whole checkpoint (base model)"},
      {"cond_stage_model.", "a whole checkpoint (base model)"},
      {"conditioner.", "a whole checkpoint (base model)"},
      {"model.diffusion_model.", "a whole checkpoint (base model)"},
      {"encoder.down", "a VAE"},
      {"decoder.up", "a VAE"},
      {"text_model.", "a text encoder"},
      {"encoder.block.", "a text encoder"},
      {"down_blocks.", "a whole UNet (base model)"},
      {"input_blocks.", "a whole UNet (base model)"},
      {"double_blocks.", "a whole transformer (base model)"},
      {"transformer_blocks.", "a whole transformer (base model)"},
      {"joint_blocks.", "a whole transformer (base model)"},
  });
  for (const Mark& mark : kMarks) {
    if (std::any_of(tensors.begin(), tensors.end(),
                    [&](const Tensor& tensor) { return starts_with(tensor.name, mark.start); })) {
      return mark.look;
    }
  }
  return "tensors that no known adapter format has";
}

}  // namespace stylus::weights
