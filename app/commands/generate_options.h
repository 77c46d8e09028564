#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/options.h"
#include "app/planner.h"
#include "composer/composer.h"

namespace stylus::app {

/// What `stylus generate` was told.
struct GenerateCommand {
  std::string prompt, plan_file;
  std::string output_file = "out.png";
  std::string plan_output;
  std::string model;  ///< A name of `stylus models list` or a path; "" takes the first.
  composer::ComposeOptions compose;
  StrategyOptions strategy;
  bool base_was_typed = false;
  bool no_adapters = false;
  std::optional<int> images;
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> steps;
  std::optional<double> guidance;
  double guidance_rescale = 0;
  std::string sampler;
  std::int64_t width = 0, height = 0;  ///< 0: the model's own.
  int clip_skip = 1;
  std::string init_file, mask_file;
  double strength = 0.6;
  double hires_scale = 1, hires_strength = 0.7;
  std::int64_t hires_steps = 0;
  std::string composition = "sum";
  bool grid = false;
  std::int64_t preview_every = 0;
  bool tiled_vae = false;
  std::int64_t batch = 0;
  std::string latents_file;
  std::string device = "auto", dtype = "auto", prediction;
  int threads = 0;
  bool dry_run = false;
};

int run_generate(const GlobalOptions& global, const GenerateCommand& command);

}  // namespace stylus::app
