#include "generator/generator.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "generator/adapter_session.h"
#include "generator/denoise.h"
#include "generator/latents.h"
#include "generator/prompt_encoding.h"
#include "generator/sampler_options.h"
#include "generator/textual_inversion.h"
#include "nn/device.h"
#include "nn/guard.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

at::ScalarType dtype_of(const std::string& name, const at::Device& device) {
  if (name == "auto") {
    return device.is_cpu() ? at::kFloat : at::kHalf;
  }
  if (name == "fp32") {
    return at::kFloat;
  }
  if (name == "fp16") {
    return at::kHalf;
  }
  require(name == "bf16", ErrorCode::kInvalidArgument, "'", name,
          "' is no precision; use auto, fp32, fp16 or bf16");
  return at::kBFloat16;
}

void check_request(const RenderRequest& request, std::int64_t factor, bool is_inpainting) {
  const auto side = [factor](std::int64_t pixels, const char* name) {
    require(pixels >= factor && pixels <= kMaxPictureSide && pixels % factor == 0,
            ErrorCode::kInvalidArgument, name, " is ", pixels, "; it must be a multiple of ",
            factor, " from ", factor, " to ", kMaxPictureSide);
  };
  side(request.width, "width");
  side(request.height, "height");
  require(!request.images.empty() && request.images.size() <= 10'000,
          ErrorCode::kInvalidArgument, "a request has 1 to 10000 pictures, this one ",
          request.images.size());
  require(request.steps >= 1 && request.steps <= 1000, ErrorCode::kInvalidArgument, "steps is ",
          request.steps, "; it must be 1 to 1000");
  require(std::isfinite(request.guidance) && std::abs(request.guidance) <= 1000,
          ErrorCode::kInvalidArgument, "guidance must be a number within 1000");
  require(request.guidance_rescale >= 0 && request.guidance_rescale <= 1,
          ErrorCode::kInvalidArgument, "guidance rescale is ", request.guidance_rescale,
          "; it must be 0 to 1");
  require(!request.mask || request.init, ErrorCode::kInvalidArgument,
          "a mask needs an init picture to paint into");
  require(!is_inpainting || request.mask, ErrorCode::kInvalidArgument,
          "this is an inpainting model: it needs an init picture and a mask");
  require(request.hires.scale >= 1 && request.hires.scale <= 4, ErrorCode::kInvalidArgument,
          "hires scale is ", request.hires.scale, "; it must be 1 to 4");
  require(request.hires.scale == 1 || !request.init, ErrorCode::kUnsupported,
          "hires starts from noise: leave out the init picture or the second pass");
}

}  // namespace

class Generator::Impl {
 public:
  Impl(const std::filesystem::path& path, const GeneratorOptions& options);

  void render(const RenderRequest& request, const PictureFn& on_picture,
              const RenderHooks& hooks);

  std::unique_ptr<nn::Checkpoint> model;
  std::vector<std::string> warnings;
  std::unique_ptr<AdapterSession> session;
  at::Device device = at::kCPU;

 private:
  struct Run;  // one batch

  void open_tokenizers(const std::filesystem::path& clip_vocabulary);
  void encode_prompts(const RenderRequest& request);
  void render_batch(const RenderRequest& request, const std::vector<std::size_t>& rows,
                    const PictureFn& on_picture, const RenderHooks& hooks);
  [[nodiscard]] std::vector<std::vector<std::size_t>> batches_of(const RenderRequest& request) const;
  [[nodiscard]] Conditioning conditioning_of(const RenderRequest& request,
                                             const std::vector<std::size_t>& rows) const;
  [[nodiscard]] nn::AddedConditions added_of(const at::Tensor& pooled, std::int64_t width,
                                             std::int64_t height) const;
  [[nodiscard]] std::unique_ptr<Sampler> sampler_of(const RenderRequest& request,
                                                    std::int64_t steps) const;
  [[nodiscard]] at::Tensor init_latents_of(const at::Tensor& image, Noise& noise,
                                           std::int64_t count) const;
  [[nodiscard]] at::Tensor second_pass(const RenderRequest& request, const at::Tensor& latents,
                                       Noise& noise, const Conditioning& conditioning,
                                       const DenoiseOptions& options) const;

  std::vector<ClipTokenizer> tokenizers_;
  std::unique_ptr<PromptEncoder> encoder_;
  // Of the request that runs: one row per picture.
  std::vector<at::Tensor> with_, without_, pooled_with_, pooled_without_;
  std::size_t steps_done_ = 0, steps_total_ = 0;
};

Generator::Impl::Impl(const std::filesystem::path& path, const GeneratorOptions& options)
    : device(nn::open_device(options.device)) {
  const c10::InferenceMode guard;
  nn::set_threads(options.threads);
  nn::CheckpointOptions wanted;
  wanted.tensors.device = device;
  wanted.tensors.dtype = dtype_of(options.dtype, device);
  wanted.tensors.channels_last = !device.is_cpu();
  if (!options.prediction.empty()) {
    wanted.prediction = options.prediction;
  }
  model = nn::load_checkpoint(path, wanted);
  open_tokenizers(options.clip_vocabulary);
  session = std::make_unique<AdapterSession>(*model);
}

void Generator::Impl::open_tokenizers(const std::filesystem::path& clip_vocabulary) {
  const std::size_t count = model->text_encoders.size();
  std::vector<std::filesystem::path> paths = model->parts.tokenizers;
  if (paths.empty()) {
    require(!clip_vocabulary.empty(), ErrorCode::kUnavailable, model->parts.what,
            " carries no tokenizer, and CLIP's vocabulary is not installed; run tools/setup, or "
            "give a diffusers folder");
    paths.assign(count, clip_vocabulary);
  }
  for (std::size_t i = 0; i < count; ++i) {
    tokenizers_.push_back(ClipTokenizer::open(paths[std::min(i, paths.size() - 1)]));
  }
  const bool is_sdxl = model->parts.base == "sdxl";
  std::vector<TextStage> stages;
  for (std::size_t i = 0; i < count; ++i) {
    // OpenCLIP's encoders (SD 2, SDXL's second) pad with id 0, CLIP-L with the end.
    const bool pads_with_zero = model->parts.base == "sd2" || (is_sdxl && i + 1 == count);
    stages.push_back({model->text_encoders[i].get(), &tokenizers_[i],
                      pads_with_zero ? 0 : tokenizers_[i].end()});
  }
  encoder_ = std::make_unique<PromptEncoder>(
      std::move(stages), is_sdxl ? ContextStyle::kPenultimate : ContextStyle::kFinalNorm);
}

void Generator::Impl::encode_prompts(const RenderRequest& request) {
  const std::size_t count = request.images.size();
  with_.assign(count, {});
  without_ = pooled_with_ = pooled_without_ = with_;
  std::vector<TextualInversion> inversions;
  for (const std::filesystem::path& file : request.textual_inversions) {
    inversions.push_back(read_textual_inversion(file));
  }
  encoder_->set_textual_inversions(inversions);
  const bool is_guided = request.guidance > 1;
  const bool zeros = !request.negative_prompt && model->parts.force_zeros_for_empty_prompt;
  PromptOptions options;
  options.layers_dropped = request.layers_dropped;
  for (const ImageGroup& group : session->groups()) {
    session->use_text_encoders(group);
    std::vector<std::string> prompts = {request.prompt};
    if (is_guided) {
      prompts.push_back(request.negative_prompt.value_or(""));
    }
    const PromptEncoding encoding = encoder_->encode(prompts, options);
    for (const std::string& warning : encoding.warnings) {
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
        warnings.push_back(warning);
      }
    }
    const auto row = [](const at::Tensor& all, std::int64_t i) {
      return all.defined() ? all.narrow(0, i, 1) : all;
    };
    for (const std::size_t image : group.images) {
      with_[image] = row(encoding.context, 0);
      pooled_with_[image] = row(encoding.pooled, 0);
      if (is_guided) {
        without_[image] = row(encoding.context, 1);
        pooled_without_[image] = row(encoding.pooled, 1);
        if (zeros) {
          without_[image] = at::zeros_like(without_[image]);
          pooled_without_[image] = pooled_without_[image].defined()
                                       ? at::zeros_like(pooled_without_[image])
                                       : pooled_without_[image];
        }
      }
    }
  }
}

nn::AddedConditions Generator::Impl::added_of(const at::Tensor& pooled, std::int64_t width,
                                              std::int64_t height) const {
  nn::AddedConditions added;
  if (model->unet->config().has_text_time) {
    const auto h = static_cast<double>(height);
    const auto w = static_cast<double>(width);
    added.text_embeds = pooled;
    added.time_ids = at::tensor({h, w, 0.0, 0.0, h, w}, at::TensorOptions(at::kFloat))
                         .to(device)
                         .repeat({pooled.size(0), 1});
  }
  return added;
}

Conditioning Generator::Impl::conditioning_of(const RenderRequest& request,
                                              const std::vector<std::size_t>& rows) const {
  const auto stacked = [&rows](const std::vector<at::Tensor>& all) {
    std::vector<at::Tensor> parts;
    for (const std::size_t row : rows) {
      if (all[row].defined()) {
        parts.push_back(all[row]);
      }
    }
    return parts.empty() ? at::Tensor() : at::cat(parts);
  };
  Conditioning conditioning;
  conditioning.with = stacked(with_);
  conditioning.without = stacked(without_);
  conditioning.added_with = added_of(stacked(pooled_with_), request.width, request.height);
  if (conditioning.without.defined()) {
    conditioning.added_without = added_of(stacked(pooled_without_), request.width, request.height);
  }
  return conditioning;
}

std::unique_ptr<Sampler> Generator::Impl::sampler_of(const RenderRequest& request,
                                                     std::int64_t steps) const {
  SamplerOptions options =
      read_sampler_options(model->parts.scheduler_config, model->parts.what, request.sampler);
  options.steps = steps;
  return make_sampler(options);
}

std::vector<std::vector<std::size_t>> Generator::Impl::batches_of(
    const RenderRequest& request) const {
  const std::int64_t factor = model->vae->factor();
  const double scale = request.hires.scale;
  const double area = static_cast<double>((request.width / factor) * (request.height / factor)) *
                      scale * scale;
  // As many as four pictures of 512 x 512 take on a CPU; a GPU holds more.
  const double room = (device.is_cpu() ? 4.0 : 16.0) * 64 * 64;
  const auto fitting = static_cast<std::int64_t>(room / area);
  const auto most =
      static_cast<std::size_t>(request.batch > 0 ? request.batch : std::clamp<std::int64_t>(fitting, 1, 64));
  std::vector<std::vector<std::size_t>> batches;
  const auto add = [&batches, most](const std::vector<std::size_t>& images) {
    for (std::size_t i = 0; i < images.size(); i += most) {
      const auto first = images.begin() + static_cast<std::ptrdiff_t>(i);
      const auto count = std::min(most, images.size() - i);
      batches.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
    }
  };
  if (session->can_share_batches()) {
    std::vector<std::size_t> all(request.images.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = i;
    }
    add(all);
  } else {
    for (const ImageGroup& group : session->groups()) {
      add(group.images);
    }
  }
  return batches;
}

at::Tensor Generator::Impl::init_latents_of(const at::Tensor& image, Noise& noise,
                                            std::int64_t count) const {
  const nn::Moments moments = model->vae->encode(image.to(device));
  const nn::Moments all = {moments.mean.expand({count, -1, -1, -1}),
                           moments.logvar.expand({count, -1, -1, -1})};
  // The posterior is sampled with each picture's own generator, before its noise is drawn.
  return scaled_latents(*model->vae, all, noise.draw_like(all.mean.to(at::kFloat)));
}

at::Tensor Generator::Impl::second_pass(const RenderRequest& request, const at::Tensor& latents,
                                        Noise& noise, const Conditioning& conditioning,
                                        const DenoiseOptions& options) const {
  const std::int64_t factor = model->vae->factor();
  const auto scaled = [&](std::int64_t pixels) {
    const double latent = static_cast<double>(pixels) * request.hires.scale / static_cast<double>(factor);
    return static_cast<std::int64_t>(std::lround(latent));
  };
  const std::array<std::int64_t, 2> size = {scaled(request.height), scaled(request.width)};
  const at::Tensor larger = at::upsample_bilinear2d(latents, size, /*align_corners=*/false);
  const std::unique_ptr<Sampler> sampler =
      sampler_of(request, request.hires.steps > 0 ? request.hires.steps : request.steps);
  sampler->start_at(sampler->start_for_strength(request.hires.strength));
  const at::Tensor x =
      sampler->add_noise(larger, noise.draw_like(larger), sampler->first());
  return denoise(*model->unet, *sampler, x, conditioning, noise, options);
}

void Generator::Impl::render_batch(const RenderRequest& request,
                                   const std::vector<std::size_t>& rows,
                                   const PictureFn& on_picture, const RenderHooks& hooks) {
  const std::int64_t factor = model->vae->factor();
  const std::int64_t h = request.height / factor;
  const std::int64_t w = request.width / factor;
  const auto count = static_cast<std::int64_t>(rows.size());
  session->use_denoiser(rows, request.guidance > 1 ? 2 : 1);
  const Conditioning conditioning = conditioning_of(request, rows);
  std::vector<std::uint64_t> seeds;
  for (const std::size_t row : rows) {
    seeds.push_back(request.images[row].seed);
  }
  Noise noise(seeds);
  const std::unique_ptr<Sampler> sampler = sampler_of(request, request.steps);

  const std::int64_t channels = model->vae->config().latent_channels;
  const bool is_9_channel = model->unet->config().in_channels == 9;
  at::Tensor image, pixel_mask, x;
  InpaintState inpaint;
  if (!request.init) {
    x = noise.draw({channels, h, w}, device, at::kFloat) * sampler->init_noise_sigma();
  } else {
    image = tensor_of(*request.init, request.width, request.height);
    sampler->start_at(sampler->start_for_strength(request.strength));
    const bool from_noise = request.mask && request.strength >= 1.0;
    if (!(from_noise && is_9_channel)) {
      inpaint.init_latents = init_latents_of(image, noise, count);
    }
    inpaint.noise = noise.draw({channels, h, w}, device, at::kFloat);
    x = from_noise ? inpaint.noise * sampler->init_noise_sigma()
                   : sampler->add_noise(inpaint.init_latents, inpaint.noise, sampler->first());
    if (request.mask) {
      pixel_mask = mask_of(*request.mask, request.width, request.height);
      const std::array<std::int64_t, 2> size = {h, w};
      inpaint.mask = at::upsample_nearest2d(pixel_mask, size).to(device);
      if (is_9_channel) {
        inpaint.masked_latents = init_latents_of(image * (1.0 - pixel_mask), noise, count);
      }
    }
  }

  DenoiseOptions options;
  options.guidance = request.guidance;
  options.guidance_rescale = request.guidance_rescale;
  options.passes = session->passes();
  options.before_step = [this](std::size_t step, std::size_t steps) {
    return session->before_step(step, steps);
  };
  options.after_step = [&](std::size_t step, const at::Tensor& latents) {
    steps_done_ += rows.size();
    if (hooks.on_step) {
      hooks.on_step({steps_done_, steps_total_});
    }
    if (hooks.on_preview && hooks.preview_every > 0 && (step + 1) % hooks.preview_every == 0) {
      for (std::int64_t i = 0; i < count; ++i) {
        hooks.on_preview(rows[static_cast<std::size_t>(i)],
                         picture_of(decode_latents(*model->vae, latents.narrow(0, i, 1), false)));
      }
    }
  };
  x = denoise(*model->unet, *sampler, x, conditioning, noise, options,
              request.mask ? &inpaint : nullptr);
  if (request.hires.scale > 1) {
    x = second_pass(request, x, noise, conditioning, options);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const at::Tensor latents = x.narrow(0, i, 1);
    at::Tensor pixels = decode_latents(*model->vae, latents, request.tiled_vae);
    if (request.mask) {
      pixels = paste_original(pixels, image, pixel_mask, std::max<std::int64_t>(1, factor / 2));
    }
    on_picture(rows[static_cast<std::size_t>(i)],
               {picture_of(pixels), latents.to(at::kCPU, at::kFloat).contiguous()});
  }
}

void Generator::Impl::render(const RenderRequest& request, const PictureFn& on_picture,
                             const RenderHooks& hooks) {
  const c10::InferenceMode guard;
  check_request(request, model->vae->factor(), model->parts.is_inpainting);
  warnings.clear();
  // Whatever happens, the model is left without adapters.
  struct Closer {
    AdapterSession& session;
    ~Closer() { session.close(); }
  };
  session->open(request);
  const Closer closer{*session};
  const auto steps_of = [&](std::int64_t steps, double strength) {
    const std::unique_ptr<Sampler> sampler = sampler_of(request, steps);
    return sampler->timesteps().size() -
           (strength < 1 ? sampler->start_for_strength(strength) : 0);
  };
  std::size_t steps = steps_of(request.steps, request.init ? request.strength : 1);
  if (request.hires.scale > 1) {
    steps += steps_of(request.hires.steps > 0 ? request.hires.steps : request.steps,
                      request.hires.strength);
  }
  steps_done_ = 0;
  steps_total_ = steps * request.images.size();
  encode_prompts(request);
  for (const std::vector<std::size_t>& rows : batches_of(request)) {
    render_batch(request, rows, on_picture, hooks);
  }
}

Generator::Generator(const std::filesystem::path& path, const GeneratorOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}

Generator::~Generator() = default;

void Generator::render(const RenderRequest& request, const PictureFn& on_picture,
                       const RenderHooks& hooks) {
  nn::guarded("rendering", [&] { impl_->render(request, on_picture, hooks); });
}

std::vector<AdapterReport> Generator::adapter_reports() const { return impl_->session->reports(); }
const std::vector<std::string>& Generator::warnings() const { return impl_->warnings; }
const std::string& Generator::base() const { return impl_->model->parts.base; }
std::int64_t Generator::native_size() const {
  return impl_->model->unet->config().sample_size * impl_->model->vae->factor();
}
std::int64_t Generator::factor() const { return impl_->model->vae->factor(); }
std::string Generator::default_sampler() const {
  return sampler_name(
      read_sampler_options(impl_->model->parts.scheduler_config, impl_->model->parts.what));
}
std::string Generator::device_text() const { return nn::describe_device(impl_->device); }

}  // namespace stylus::generator
