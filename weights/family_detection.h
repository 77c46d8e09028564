#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "weights/layer_update.h"
#include "weights/safetensors_file.h"

namespace stylus::weights {

/// What a file tells about the base model that it was trained on.
struct FamilyFinding {
  std::string base;                     ///< Slug; "" when neither tensors nor metadata decide.
  std::vector<std::string> candidates;  ///< All that fit, `base` first; empty when none is known.
  std::vector<std::string> warnings;
};

/// Finds the base family: tensors first, because names and widths cannot lie; metadata choose among
/// families whose tensors are alike (SDXL, Pony, Illustrious, NoobAI) and speak alone when tensors
/// say nothing. Metadata that contradict the tensors lose and are reported.
///
/// `base_model_hint` is a spelling from beside the file (adapter_config.json), or "".
/// Source: formats-and-protocols 1.9.
[[nodiscard]] FamilyFinding find_family(std::span<const LayerUpdate> layers,
                                        std::span<const Tensor* const> embeddings,
                                        const std::map<std::string, std::string>& metadata,
                                        std::string_view base_model_hint);

/// True for the families whose denoiser is a UNet ("unet" in diffusers, else "transformer").
[[nodiscard]] bool has_unet(std::string_view family);

/// True if a module path is one of a UNet: "down_blocks…", "input_blocks…", ….
[[nodiscard]] bool is_unet_module(std::string_view flat_module);

/// True for layers of a text encoder, by component or by path.
[[nodiscard]] bool is_text_encoder(const LayerUpdate& layer);

}  // namespace stylus::weights
