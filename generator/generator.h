#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "generator/lora/adapter_weights.h"
#include "generator/render_request.h"

namespace stylus::generator {

struct GeneratorOptions {
  std::string device = "auto";  ///< See nn::open_device.
  std::string dtype = "auto";   ///< "fp32", "fp16", "bf16"; auto: fp32 on a CPU, fp16 on a GPU.
  std::string prediction;       ///< "epsilon" or "v_prediction" instead of what the model says.
  /// CLIP's merges for single-file checkpoints, which carry no tokenizer.
  std::filesystem::path clip_vocabulary;
  int threads = 0;  ///< 0: all cores.
};

struct RenderedPicture {
  Picture picture;
  at::Tensor latents;  ///< [1, 4, h, w] fp32 on the CPU, scaled as the UNet sees them.
};

/// A loaded checkpoint that renders requests. One model, any number of adapter sets.
///
/// Ensures: image i depends on its seed, mask and the request, not on the others beside it (up to
///          the rounding of products whose shape is the batch's); after render() no adapter is
///          left on the model, bit for bit.
/// Thread safety: one render at a time.
class Generator {
 public:
  /// path: a diffusers folder or a single safetensors file.
  /// Errors: see nn::load_checkpoint; Error(kUnavailable) where a single file needs
  ///         options.clip_vocabulary and it is not there.
  Generator(const std::filesystem::path& path, const GeneratorOptions& options);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// Called once for each picture, as soon as it is there, with its number in the request.
  using PictureFn = std::function<void(std::size_t image, const RenderedPicture&)>;

  /// Errors: Error(kInvalidArgument) for sizes, counts or ranges that make no sense, before
  ///         anything is loaded; those of samplers, prompts and adapters; Error(kUnsupported) for a
  ///         picture of values that are no numbers; Error(kUnavailable) out of memory; what a hook
  ///         throws.
  void render(const RenderRequest& request, const PictureFn& on_picture,
              const RenderHooks& hooks = {});

  /// What became of each adapter of the last request.
  [[nodiscard]] std::vector<AdapterReport> adapter_reports() const;
  /// For people, of the last request: "the prompt has 2 chunks", …
  [[nodiscard]] const std::vector<std::string>& warnings() const;

  [[nodiscard]] const std::string& base() const;  ///< "sd15", "sd2", "sdxl"
  /// The size in pixels that the model was trained at.
  [[nodiscard]] std::int64_t native_size() const;
  /// Pixels of a latent's side.
  [[nodiscard]] std::int64_t factor() const;
  /// The name of the sampler that the model brings along.
  [[nodiscard]] std::string default_sampler() const;
  [[nodiscard]] std::string device_text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::generator
