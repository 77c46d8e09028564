#include "generator/generator.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "generator/adapter_session.h"
#include "generator/denoise.h"
#include "generator/latents.h"
#include "generator/request_prompts.h"
#include "generator/run_start.h"
#include "generator/sampler_options.h"
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

}  // namespace

class Generator::Impl {
 public:
  Impl(const std::filesystem::path& path, const GeneratorOptions& options);

  void render(const RenderRequest& request, const PictureFn& on_picture, const RenderHooks& hooks);

  std::unique_ptr<nn::Checkpoint> model;
  std::vector<std::string> warnings;
  std::unique_ptr<AdapterSession> session;
  at::Device device = at::kCPU;

 private:
  void render_batch(const RenderRequest& request, const std::vector<std::size_t>& rows,
                    const PictureFn& on_picture, const RenderHooks& hooks);
  [[nodiscard]] std::vector<std::vector<std::size_t>> batches_of(
      const RenderRequest& request) const;
  [[nodiscard]] std::unique_ptr<Sampler> sampler_of(const RenderRequest& request,
                                                    std::int64_t steps) const;
  [[nodiscard]] at::Tensor second_pass(const RenderRequest& request,
                                       const std::vector<std::size_t>& rows,
                                       const at::Tensor& latents, Noise& noise,
                                       const DenoiseOptions& options) const;

  std::unique_ptr<RequestPrompts> prompts_;
  std::size_t steps_done_ = 0, steps_total_ = 0;
};

Generator::Impl::Impl(const std::filesystem::path& path, const GeneratorOptions& options)
    : device(nn::open_device(options.device)) {
  const c10::InferenceMode guard;
  nn::set_threads(options.threads);
  nn::CheckpointOptions wanted;
  wanted.tensors.device = device;
  wanted.tensors.dtype = dtype_of(options.dtype, device);
  wanted.tensors.channels_last = true;  // faster on CPUs too (benchmarks/README.md)
  if (!options.prediction.empty()) {
    wanted.prediction = options.prediction;
  }
  model = nn::load_checkpoint(path, wanted);
  prompts_ = std::make_unique<RequestPrompts>(*model, options.clip_vocabulary);
  session = std::make_unique<AdapterSession>(*model);
}

std::unique_ptr<Sampler> Generator::Impl::sampler_of(const RenderRequest& request,
                                                     std::int64_t steps) const {
  SamplerOptions options =
      read_sampler_options(model->parts.scheduler_config, model->parts.what, request.sampler);
  options.steps = steps;
  // Latents go beyond [-1, 1]; a config that clips was written for pixels.
  options.clip_sample = false;
  if (model->parts.base != "sdxl") {
    options.steps_offset = 1;  // diffusers corrects the configs of SD 1 and 2 that say otherwise
  }
  return make_sampler(options);
}

std::vector<std::vector<std::size_t>> Generator::Impl::batches_of(
    const RenderRequest& request) const {
  const std::int64_t factor = model->vae->factor();
  const double scale = request.hires.scale;
  const double area =
      static_cast<double>((request.width / factor) * (request.height / factor)) * scale * scale;
  // As many as four pictures of 512 x 512 take on a CPU; a GPU holds more.
  const double room = (device.is_cpu() ? 4.0 : 16.0) * 64 * 64;
  const auto fitting =
      static_cast<std::int64_t>(room / (area * static_cast<double>(session->passes())));
  const auto most = static_cast<std::size_t>(
      request.batch > 0 ? request.batch : std::clamp<std::int64_t>(fitting, 1, 64));
  std::vector<std::vector<std::size_t>> batches;
  const auto add = [&batches, most, this](const std::vector<std::size_t>& images) {
    std::map<std::int64_t, std::vector<std::size_t>> by_length;  // of the prompts' contexts
    for (const std::size_t image : images) {
      by_length[prompts_->length(image)].push_back(image);
    }
    for (const auto& [length, equal] : by_length) {
      for (std::size_t i = 0; i < equal.size(); i += most) {
        const auto first = equal.begin() + static_cast<std::ptrdiff_t>(i);
        const auto count = std::min(most, equal.size() - i);
        batches.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
      }
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

at::Tensor Generator::Impl::second_pass(const RenderRequest& request,
                                        const std::vector<std::size_t>& rows,
                                        const at::Tensor& latents, Noise& noise,
                                        const DenoiseOptions& options) const {
  const std::int64_t factor = model->vae->factor();
  const auto scaled = [&](std::int64_t pixels) {
    const double latent =
        static_cast<double>(pixels) * request.hires.scale / static_cast<double>(factor);
    return static_cast<std::int64_t>(std::lround(latent));
  };
  const std::array<std::int64_t, 2> size = {scaled(request.height), scaled(request.width)};
  const at::Tensor larger = at::upsample_bilinear2d(latents, size, /*align_corners=*/false);
  const std::unique_ptr<Sampler> sampler =
      sampler_of(request, request.hires.steps > 0 ? request.hires.steps : request.steps);
  sampler->start_at(sampler->start_for_strength(request.hires.strength));
  const at::Tensor x = sampler->add_noise(larger, noise.draw_like(larger), sampler->first());
  const Conditioning conditioning =
      prompts_->conditioning(rows, size[1] * factor, size[0] * factor);
  return denoise(*model->unet, *sampler, x, conditioning, noise, options);
}

void Generator::Impl::render_batch(const RenderRequest& request,
                                   const std::vector<std::size_t>& rows,
                                   const PictureFn& on_picture, const RenderHooks& hooks) {
  const std::int64_t factor = model->vae->factor();
  const auto count = static_cast<std::int64_t>(rows.size());
  session->use_denoiser(rows, request.guidance > 1 ? 2 : 1);
  const Conditioning conditioning = prompts_->conditioning(rows, request.width, request.height);
  std::vector<std::uint64_t> seeds;
  for (const std::size_t row : rows) {
    seeds.push_back(request.images[row].seed);
  }
  Noise noise(seeds);
  const std::unique_ptr<Sampler> sampler = sampler_of(request, request.steps);

  const RunStart start = start_run(*model, request, *sampler, noise, device);

  DenoiseOptions options;
  options.guidance = request.guidance;
  options.guidance_rescale = request.guidance_rescale;
  options.passes = session->passes();
  options.before_step = [this](std::size_t step, std::size_t steps) {
    return session->before_step(step, steps);
  };
  options.after_step = [&](std::size_t, const at::Tensor&) {
    steps_done_ += rows.size();
    if (hooks.on_step) {
      hooks.on_step({steps_done_, steps_total_});
    }
  };
  options.preview_every = hooks.on_preview ? hooks.preview_every : 0;
  options.on_preview = [&](std::size_t, const at::Tensor& clean) {
    for (std::int64_t i = 0; i < count; ++i) {
      hooks.on_preview(rows[static_cast<std::size_t>(i)],
                       picture_of(decode_latents(*model->vae, clean.narrow(0, i, 1), false)));
    }
  };
  at::Tensor x = denoise(*model->unet, *sampler, start.x, conditioning, noise, options,
                         request.mask ? &start.inpaint : nullptr);
  if (request.hires.scale > 1) {
    x = second_pass(request, rows, x, noise, options);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const at::Tensor latents = x.narrow(0, i, 1);
    at::Tensor pixels = decode_latents(*model->vae, latents, request.tiled_vae);
    require(at::isfinite(pixels).all().item<bool>(), ErrorCode::kUnsupported,
            "the picture of seed ", request.images[rows[static_cast<std::size_t>(i)]].seed,
            " came out as values that are no numbers; use bf16 or fp32 instead of fp16, or lower "
            "weights and guidance");
    if (request.mask) {
      pixels = paste_original(pixels, start.image, start.pixel_mask,
                              std::max<std::int64_t>(1, factor / 2));
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
    return sampler->timesteps().size() - (strength < 1 ? sampler->start_for_strength(strength) : 0);
  };
  std::size_t steps = steps_of(request.steps, request.init ? request.strength : 1);
  if (request.hires.scale > 1) {
    steps += steps_of(request.hires.steps > 0 ? request.hires.steps : request.steps,
                      request.hires.strength);
  }
  steps_done_ = 0;
  steps_total_ = steps * request.images.size();
  warnings = prompts_->encode(request, *session);
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
