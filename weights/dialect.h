#pragma once

#include <span>
#include <string>
#include <string_view>

#include "weights/layer_update.h"
#include "weights/safetensors_file.h"

namespace stylus::weights {

/// The naming dialect that most denoiser layers follow (most layers, when there are no others):
/// "kohya", "onetrainer", "lycoris", "diffusers_peft", "diffusers", "diffusers_attn_procs",
/// "comfyui", "peft", "xlabs", "bfl", "cloneofsimo", "stability_control", "bare".
[[nodiscard]] std::string dialect_of(std::span<const LayerUpdate> layers);

/// What tensors that are no adapter look like, for a message: "a whole checkpoint (base model)",
/// "a ControlNet", …; "tensors that no known adapter format has" when nothing fits.
[[nodiscard]] std::string_view look_of(std::span<const Tensor> tensors);

}  // namespace stylus::weights
