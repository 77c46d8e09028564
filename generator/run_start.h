#pragma once

#include <ATen/core/Tensor.h>

#include "generator/denoise.h"
#include "generator/noise.h"
#include "generator/render_request.h"
#include "generator/sampler.h"
#include "nn/checkpoint.h"

namespace stylus::generator {

/// What a run begins with.
struct RunStart {
  at::Tensor x;           ///< [B, 4, h, w] at the noise level of the sampler's first step
  at::Tensor image;       ///< [1, 3, H, W], the init picture; undefined without one
  at::Tensor pixel_mask;  ///< [1, 1, H, W]; 1 is painted anew. Undefined without a mask
  InpaintState inpaint;   ///< With a mask
};

/// Draws the noise of txt2img, img2img or inpainting, and sets the sampler to its first step.
///
/// The order of draws is diffusers' (generation-and-evaluation 9.2, 9.3): the posterior of the init
/// picture, where it is needed, the noise, the posterior of the masked picture (for UNets of 4
/// channels, too, which have no use for it).
/// Requires: a request that check_request accepts; a strength that leaves a step.
[[nodiscard]] RunStart start_run(const nn::Checkpoint& model, const RenderRequest& request,
                                 Sampler& sampler, Noise& noise, at::Device device);

}  // namespace stylus::generator
