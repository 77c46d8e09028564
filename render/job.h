#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "generator/generator.h"
#include "generator/render_request.h"

namespace stylus::render {

/// One call of the program `stylus-render`: a plan, a model, and how to draw it.
/// Format: docs/formats.md#render-job
struct Job {
  std::filesystem::path model;
  std::string model_name;  ///< For the pictures' metadata; "" takes the file's stem.
  composer::Plan plan;
  std::string a1111_prompt;  ///< The prompt with <lora:…> tags, for the metadata.
  generator::GeneratorOptions generator;
  generator::RenderRequest request;  ///< Without init and mask, which run_job reads.
  std::filesystem::path init, mask;

  std::filesystem::path output;   ///< "out.png"; several pictures become out-1.png, out-2.png, …
  bool is_sheet = false;          ///< One labelled sheet instead, in `output`.
  std::size_t preview_every = 0;  ///< Steps between looks on the way; 0: none.
  std::filesystem::path latents;  ///< Final latents as safetensors; "" for none.
  std::filesystem::path hash_cache;  ///< Where hashes of model files are kept; "" for none.
  bool only_describe = false;        ///< Load nothing but headers; say what the model is.
};

/// Requires: a job of major version 1 within the documented ranges, else Error(kCorruptData), or
///           Error(kUnsupported) for another version.
/// Sizes, steps and guidance that the job leaves out take the model's own (run_job).
[[nodiscard]] Job read_job(std::string_view json);

/// The plan's adapters and pictures as a request: files, weights, masks, seeds. Adapters of kind
/// textual_inversion go to their own list.
/// Requires: a file for each adapter, else Error(kNotFound) that names the adapter and says how to
///           get a plan that only uses installed ones.
void take_plan(const composer::Plan& plan, generator::RenderRequest& request);

}  // namespace stylus::render
