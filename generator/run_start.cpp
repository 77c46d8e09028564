#include "generator/run_start.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <array>

#include "generator/latents.h"

namespace stylus::generator {
namespace {

/// Latents of a picture, sampled with each generator of `noise`.
at::Tensor sampled_latents(const nn::Vae& vae, const at::Tensor& image, Noise& noise,
                           at::Device device) {
  const nn::Moments moments = vae.encode(image.to(device));
  const auto count = static_cast<std::int64_t>(noise.batch_size());
  const nn::Moments all = {moments.mean.expand({count, -1, -1, -1}),
                           moments.logvar.expand({count, -1, -1, -1})};
  return scaled_latents(vae, all, noise.draw_like(all.mean.to(at::kFloat)));
}

}  // namespace

RunStart start_run(const nn::Checkpoint& model, const RenderRequest& request, Sampler& sampler,
                   Noise& noise, at::Device device) {
  const std::int64_t factor = model.vae->factor();
  const std::array<std::int64_t, 2> size = {request.height / factor, request.width / factor};
  const std::array<std::int64_t, 3> shape = {model.vae->config().latent_channels, size[0], size[1]};
  RunStart start;
  if (!request.init) {
    start.x = noise.draw(shape, device, at::kFloat) * sampler.init_noise_sigma();
    return start;
  }
  start.image = tensor_of(*request.init, request.width, request.height);
  sampler.start_at(sampler.start_for_strength(request.strength));
  const bool has_mask_channels = model.unet->config().in_channels == 9;
  const bool from_noise = request.mask && request.strength >= 1.0;
  InpaintState& inpaint = start.inpaint;
  if (!(from_noise && has_mask_channels)) {
    inpaint.init_latents = sampled_latents(*model.vae, start.image, noise, device);
  }
  inpaint.noise = noise.draw(shape, device, at::kFloat);
  start.x = from_noise ? inpaint.noise * sampler.init_noise_sigma()
                       : sampler.add_noise(inpaint.init_latents, inpaint.noise, sampler.first());
  if (request.mask) {
    start.pixel_mask = mask_of(*request.mask, request.width, request.height);
    inpaint.mask = at::upsample_nearest2d(start.pixel_mask, size).to(device);
    if (has_mask_channels) {
      inpaint.masked_latents =
          sampled_latents(*model.vae, start.image * (1.0 - start.pixel_mask), noise, device);
    } else {
      // diffusers encodes the masked picture for every UNet: stochastic samplers draw after it.
      static_cast<void>(noise.draw_like(inpaint.noise));
    }
  }
  return start;
}

}  // namespace stylus::generator
