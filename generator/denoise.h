#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "generator/noise.h"
#include "generator/sampler.h"
#include "nn/unet.h"

namespace stylus::generator {

/// What the UNet is told, for B pictures. Without guidance the `without` parts are undefined.
struct Conditioning {
  at::Tensor with;                                ///< [B, L, D] contexts of the prompts
  at::Tensor without;                             ///< [B, L, D] contexts of the negative prompts
  nn::AddedConditions added_with, added_without;  ///< SDXL
};

/// Inpainting of a run; all tensors for B pictures or broadcast over them.
struct InpaintState {
  at::Tensor mask;            ///< [1, 1, h, w]; 1 is painted anew.
  at::Tensor init_latents;    ///< [B, 4, h, w], clean
  at::Tensor noise;           ///< [B, 4, h, w], the same in every step
  at::Tensor masked_latents;  ///< [B, 4, h, w] for a 9-channel UNet, else undefined
};

struct DenoiseOptions {
  double guidance = 7;
  double guidance_rescale = 0;
  /// LoRA-Composite: the UNet's batch holds `passes` copies of the pictures, one after the other.
  std::size_t passes = 1;
  /// Called before a step with its number in [0, steps of the run); true when adapters changed.
  std::function<bool(std::size_t step, std::size_t steps)> before_step;
  /// Called after a step with x [B, 4, h, w]: noisy until the last one.
  std::function<void(std::size_t step, const at::Tensor& x)> after_step;
  /// Called after every preview_every-th step, if any, with the clean latents that it predicts.
  std::function<void(std::size_t step, const at::Tensor& clean)> on_preview;
  std::size_t preview_every = 0;
};

/// Runs the sampler from x at its first step to the end.
///
/// One UNet call a step, rows in the order [without; with] as diffusers has it:
///   e = e_without + guidance * (e_with - e_without)
/// and, with rescale phi, e = phi * e * std(e_with) / std(e) + (1 - phi) * e.
/// x [B, 4, h, w] fp32. Returns the final latents.
/// Source: generation-and-evaluation 9.1 to 9.3; diffusers' StableDiffusionPipeline.
[[nodiscard]] at::Tensor denoise(const nn::UNet& unet, Sampler& sampler, at::Tensor x,
                                 const Conditioning& conditioning, NoiseSource& noise,
                                 const DenoiseOptions& options,
                                 const InpaintState* inpaint = nullptr);

}  // namespace stylus::generator
