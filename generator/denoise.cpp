#include "generator/denoise.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <utility>

namespace stylus::generator {
namespace {

at::Tensor both(const at::Tensor& first, const at::Tensor& second) {
  return second.defined() ? at::cat({first, second}) : first;
}

at::Tensor repeated(const at::Tensor& x, std::int64_t times) {
  if (!x.defined() || times == 1) {
    return x;
  }
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(x.dim()), 1);
  repeats[0] = times;
  return x.repeat(repeats);
}

/// The standard deviation over everything but the batch, shaped to divide x.
at::Tensor spread(const at::Tensor& x) { return x.std({1, 2, 3}, /*correction=*/1, true); }

/// The UNet with its contexts and guidance.
class Guided {
 public:
  Guided(const nn::UNet& unet, const Conditioning& conditioning, const DenoiseOptions& options)
      : unet_(unet),
        options_(options),
        is_guided_(conditioning.without.defined()),
        passes_(static_cast<std::int64_t>(options.passes)),
        states_(is_guided_ ? both(repeated(conditioning.without, passes_),
                                  repeated(conditioning.with, passes_))
                           : repeated(conditioning.with, passes_)),
        context_(unet.prepare_context(states_)) {
    if (conditioning.added_with.text_embeds.defined()) {
      added_.text_embeds =
          joined(conditioning.added_without.text_embeds, conditioning.added_with.text_embeds);
      added_.time_ids =
          joined(conditioning.added_without.time_ids, conditioning.added_with.time_ids);
    }
  }

  /// After adapters changed: keys and values of the prompt belong to the old weights.
  void refresh() { context_ = unet_.prepare_context(states_); }

  /// sample [B, C, h, w] as the UNet sees it -> the guided prediction, fp32.
  [[nodiscard]] at::Tensor predict(const at::Tensor& sample, const at::Tensor& time) const {
    const std::int64_t copies = passes_ * (is_guided_ ? 2 : 1);
    const at::Tensor out =
        unet_.forward(repeated(sample, copies), time, context_, added_).to(at::kFloat);
    if (!is_guided_) {
      return mean_of_passes(out);
    }
    const std::int64_t half = out.size(0) / 2;
    const at::Tensor without = mean_of_passes(out.narrow(0, 0, half));
    const at::Tensor with = mean_of_passes(out.narrow(0, half, half));
    at::Tensor guided = without + (with - without) * options_.guidance;
    if (options_.guidance_rescale > 0) {
      const at::Tensor rescaled = guided * (spread(with) / spread(guided));
      guided = rescaled * options_.guidance_rescale + guided * (1 - options_.guidance_rescale);
    }
    return guided;
  }

 private:
  [[nodiscard]] at::Tensor joined(const at::Tensor& without, const at::Tensor& with) const {
    return is_guided_ ? both(repeated(without, passes_), repeated(with, passes_))
                      : repeated(with, passes_);
  }
  [[nodiscard]] at::Tensor mean_of_passes(const at::Tensor& out) const {
    return passes_ == 1 ? out : out.unflatten(0, {passes_, -1}).mean(0);
  }

  const nn::UNet& unet_;
  const DenoiseOptions& options_;
  bool is_guided_;
  std::int64_t passes_;
  at::Tensor states_;
  nn::UNetContext context_;
  nn::AddedConditions added_;
};

at::Tensor with_inpaint_channels(const at::Tensor& sample, const InpaintState& inpaint) {
  const std::int64_t batch = sample.size(0);
  return at::cat({sample, inpaint.mask.expand({batch, -1, -1, -1}).to(sample.dtype()),
                  inpaint.masked_latents.expand({batch, -1, -1, -1}).to(sample.dtype())},
                 1);
}

/// Puts the untouched part back, at the noise level that the next step expects.
at::Tensor keep_unmasked(const at::Tensor& x, const Sampler& sampler, std::size_t next,
                         const InpaintState& inpaint) {
  const at::Tensor original = sampler.add_noise(inpaint.init_latents, inpaint.noise, next);
  return original * (1.0 - inpaint.mask) + x * inpaint.mask;
}

}  // namespace

at::Tensor denoise(const nn::UNet& unet, Sampler& sampler, at::Tensor x,
                   const Conditioning& conditioning, NoiseSource& noise,
                   const DenoiseOptions& options, const InpaintState* inpaint) {
  Guided guided(unet, conditioning, options);
  const bool has_mask_channels = inpaint != nullptr && inpaint->masked_latents.defined();
  const std::size_t steps = sampler.timesteps().size();
  // All time steps travel to the device once: no step waits for the host.
  const at::Tensor times = at::tensor(sampler.timesteps(), at::TensorOptions(at::kFloat))
                               .to(x.device(), /*non_blocking=*/true);
  for (std::size_t i = sampler.first(); i < steps; ++i) {
    if (options.before_step && options.before_step(i - sampler.first(), steps - sampler.first())) {
      guided.refresh();
    }
    at::Tensor sample = sampler.scale_input(x, i);
    if (has_mask_channels) {
      sample = with_inpaint_channels(sample, *inpaint);
    }
    const at::Tensor predicted = guided.predict(sample, times[static_cast<std::int64_t>(i)]);
    const std::size_t done = i - sampler.first() + 1;
    if (options.on_preview && options.preview_every > 0 && done % options.preview_every == 0) {
      options.on_preview(done - 1, sampler.predicted_clean(predicted, i, x));
    }
    x = sampler.step(predicted, i, x, noise);
    if (inpaint != nullptr && !has_mask_channels) {
      x = keep_unmasked(x, sampler, i + 1, *inpaint);
    }
    if (options.after_step) {
      options.after_step(i - sampler.first(), x);
    }
  }
  return x;
}

}  // namespace stylus::generator
