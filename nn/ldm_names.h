#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "nn/tensor_source.h"

namespace stylus::nn {

/// Names of Stable Diffusion's original code in terms of diffusers' (generation-and-evaluation 2.2
/// and 2.3). Nothing for a name that the layout does not have; it is then unexpected.

/// For a UNet name without "model.diffusion_model.": "input_blocks.1.0.in_layers.0.weight" ->
/// "down_blocks.0.resnets.0.norm1.weight".
/// `layers`: resnets of a down block. `plain_upsamplers`: the i for which output_blocks.i.1 is the
/// upsampler, because the block has no attention.
[[nodiscard]] std::optional<std::string> unet_name(std::string_view ldm, std::size_t layers,
                                                   const std::set<std::size_t>& plain_upsamplers);

/// For a VAE name without "first_stage_model.", of a VAE with `levels` levels.
[[nodiscard]] std::optional<std::string> vae_name(std::string_view ldm, std::size_t levels);

/// Adds what an OpenCLIP tensor (name without "…model.") means in transformers' terms: one tensor,
/// or three for in_proj. Returns false, and adds nothing, for an unknown name.
bool add_open_clip(std::string_view name, const StoredTensor& stored, StoredTensors& text);

}  // namespace stylus::nn
