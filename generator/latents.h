#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/vae.h"
#include "support/picture.h"

namespace stylus::generator {

/// A picture scaled to width x height (bicubic with anti-aliasing where the size differs), as
/// [1, 3, height, width] fp32 in [-1, 1] on the CPU.
[[nodiscard]] at::Tensor tensor_of(const Picture& picture, std::int64_t width, std::int64_t height);

/// [1, 3, H, W] of about [-1, 1] -> 8 bits: round(255 * clamp(x / 2 + 0.5, 0, 1)).
[[nodiscard]] Picture picture_of(const at::Tensor& image);

/// 1 where the mask is 128 or brighter: [1, 1, height, width] fp32, nearest scaling.
[[nodiscard]] at::Tensor mask_of(const Picture& picture, std::int64_t width, std::int64_t height);

/// Scaled latents of an image, as the UNet sees them: (mean + deviation * noise - shift) * scale.
/// noise: of the latents' shape, or undefined for the most likely latents.
[[nodiscard]] at::Tensor scaled_latents(const nn::Vae& vae, const nn::Moments& moments,
                                        const at::Tensor& noise);

/// Decodes scaled latents [B, C, h, w] one picture at a time -> [B, 3, H, W] fp32 on the CPU.
[[nodiscard]] at::Tensor decode_latents(const nn::Vae& vae, const at::Tensor& latents, bool tiled);

/// Lays the untouched part of `original` over `painted` (both [1, 3, H, W]): mask [1, 1, H, W] is 1
/// where the painted pixel stays. The border is blended over `feather` pixels inside the mask, so
/// pixels outside it are the original's, bit for bit.
[[nodiscard]] at::Tensor paste_original(const at::Tensor& painted, const at::Tensor& original,
                                        const at::Tensor& mask, std::int64_t feather);

}  // namespace stylus::generator
