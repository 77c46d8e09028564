#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "generator/lora/block_multipliers.h"
#include "generator/lora/lora_schedule.h"
#include "support/picture.h"

namespace stylus::generator {

/// One adapter of a request. Textual inversions are listed apart.
struct RequestAdapter {
  std::filesystem::path file;
  double weight = 1;
  double text_encoder_weight = 1;
  BlockMultipliers blocks;
  StepWindow window;  ///< The part of the run in which it is on.
};

/// One picture of a request.
struct RequestImage {
  std::uint64_t seed = 0;
  std::vector<double> mask;  ///< One factor per adapter on its weight; empty: all on.
  std::optional<std::string> prompt = std::nullopt;  ///< Its own, in place of the request's.
};

/// How several adapters act together (generation-and-evaluation 11.4).
enum class Composition : std::uint8_t {
  kSum,        ///< All at once: the sum of their updates.
  kSwitch,     ///< One at a time, the turn passing on every `switch_period` steps.
  kComposite,  ///< A pass per adapter and step; their predictions are averaged.
};

/// A second pass at a larger size over the upscaled latents of the first.
struct HiresOptions {
  double scale = 1;  ///< 1: no second pass; at most 4.
  double strength = 0.7;
  std::int64_t steps = 0;  ///< 0: as many as the first pass.
};

/// Everything that decides pictures, besides the model.
struct RenderRequest {
  std::string prompt;
  std::optional<std::string> negative_prompt;  ///< None: SDXL base takes zeros, others "".
  std::vector<RequestAdapter> adapters;
  std::vector<std::filesystem::path> textual_inversions;
  std::vector<RequestImage> images;

  std::int64_t width = 512;  ///< Pixels; a multiple of the VAE's factor.
  std::int64_t height = 512;
  std::int64_t steps = 20;
  double guidance = 7;              ///< <= 1: no guidance, half the work.
  double guidance_rescale = 0;      ///< 0 to 1
  std::string sampler;              ///< A name of sampler_names(); "": the model's own.
  std::int64_t layers_dropped = 0;  ///< PromptOptions::layers_dropped

  std::optional<Picture> init;  ///< img2img and inpainting: scaled to width x height.
  double strength = 0.6;        ///< With init: the share of the steps that is run, (0, 1].
  std::optional<Picture> mask;  ///< Inpainting: white (128 and more) is painted anew.
  HiresOptions hires;

  Composition composition = Composition::kSum;
  std::size_t switch_period = 5;
  bool tiled_vae = false;
  std::int64_t batch = 0;  ///< Pictures per pass at most; 0: as the latents' size allows.
};

/// Throws Error(kInvalidArgument) for sizes, counts, ranges and combinations that make no sense for
/// a model of that VAE factor, Error(kUnsupported) for a second pass over an init picture.
/// Samplers, prompts and adapters check their own parts.
void check_request(const RenderRequest& request, std::int64_t factor, bool is_inpainting);

/// Where a run stands.
struct RenderStep {
  std::size_t done = 0;   ///< Model calls of all pictures so far, in steps.
  std::size_t total = 0;  ///< Of the whole request.
};

/// What a caller wants to hear. Throwing Error(kCancelled) from any of them stops the run; pictures
/// that were handed out stay valid.
struct RenderHooks {
  std::function<void(const RenderStep&)> on_step;
  /// A look at what picture `image` will come to, every `preview_every` steps.
  std::function<void(std::size_t image, const Picture&)> on_preview;
  std::size_t preview_every = 0;
};

}  // namespace stylus::generator
