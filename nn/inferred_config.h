#pragma once

#include <string>

#include "nn/config.h"
#include "nn/tensor_source.h"

namespace stylus::nn {

/// Configs of single files, which carry none: all that shapes tell is read off the tensors (under
/// diffusers' names), the rest is that of the family. Lists of a model that lacks tensors come out
/// too short or too narrow; loading then names what does not fit.

/// `base`: "sd15", "sd2" or "sdxl".
[[nodiscard]] UNetConfig infer_unet_config(const StoredTensors& tensors, const std::string& base);
[[nodiscard]] VaeConfig infer_vae_config(const StoredTensors& tensors, const std::string& base);
/// Heads of 64 channels, as all CLIP text encoders of Stable Diffusion have.
[[nodiscard]] ClipTextConfig infer_clip_text_config(const StoredTensors& tensors,
                                                    bool is_open_clip);

}  // namespace stylus::nn
