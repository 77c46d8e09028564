#include "render/run_job.h"

#include <cmath>
#include <exception>
#include <future>
#include <map>
#include <nlohmann/json.hpp>

#include "nn/checkpoint.h"
#include "nn/stored_latents.h"
#include "render/infotext.h"
#include "render/model_hash.h"
#include "render/output_files.h"
#include "render/sheet.h"
#include "support/error.h"
#include "support/file.h"

namespace stylus::render {
namespace {

namespace fs = std::filesystem;

/// "seed 3: Birds 0.8, Line art 1" for the sheet.
std::string label_of(const Job& job, std::size_t image) {
  std::string text = "seed " + std::to_string(job.request.images[image].seed);
  std::string_view separator = ": ";
  for (std::size_t i = 0; i < job.plan.adapters.size(); ++i) {
    const bool is_on = image >= job.plan.images.size() || i >= job.plan.images[image].mask.size() ||
                       job.plan.images[image].mask[i];
    if (is_on) {
      text += separator;
      text += job.plan.adapters[i].name;
      separator = ", ";
    }
  }
  return text;
}

PictureTexts texts_of(const Job& job, std::size_t image, const std::string& sampler,
                      const std::string& hash) {
  composer::Plan plan = job.plan;
  if (image < plan.images.size()) {
    plan.images = {plan.images[image]};
  }
  // A picture is passed on: it tells which files were used, not where they lay.
  for (composer::PlanAdapter& adapter : plan.adapters) {
    adapter.file = fs::path(adapter.file).filename().string();
  }
  return {{"parameters", infotext(job, image, sampler, hash)},
          {"stylus_plan", composer::plan_to_json(plan)}};
}

void read_pictures(Job& job) {
  if (!job.init.empty()) {
    job.request.init = read_picture(job.init);
  }
  if (!job.mask.empty()) {
    job.request.mask = read_picture(job.mask);
  }
}

void set_model_defaults(Job& job, const generator::Generator& generator) {
  generator::RenderRequest& request = job.request;
  request.width = request.width > 0 ? request.width : generator.native_size();
  request.height = request.height > 0 ? request.height : generator.native_size();
  if (job.model_name.empty()) {
    const fs::path path = fs::absolute(job.model).lexically_normal();
    job.model_name =
        path.has_filename() ? path.stem().string() : path.parent_path().stem().string();
  }
}

std::string sheet_title(const Job& job) {
  std::string title = job.plan.prompt;
  title += "  (";
  title += job.model_name;
  title += ", ";
  title += std::to_string(job.request.steps);
  title += " steps)";
  return title;
}

}  // namespace

void run_job(Job job, Events& events, const std::atomic<bool>& cancelled) {
  if (job.only_describe) {
    const nn::CheckpointParts parts = nn::read_checkpoint_parts(job.model);
    nn::check_checkpoint(parts);
    const std::int64_t factor = parts.vae_config.factor();
    events.model(parts.base, parts.unet_config.sample_size * factor, factor, "", "");
    events.done(0, {}, {});
    return;
  }
  read_pictures(job);
  // Hashing a large checkpoint goes on beside the rendering.
  std::future<std::string> hash =
      std::async(std::launch::async, [&job] { return model_hash(job.model, job.hash_cache); });
  generator::Generator generator(job.model, job.generator);
  set_model_defaults(job, generator);
  const std::string sampler =
      job.request.sampler.empty() ? generator.default_sampler() : job.request.sampler;
  events.model(generator.base(), generator.native_size(), generator.factor(), sampler,
               generator.device_text());

  const std::size_t count = job.request.images.size();
  std::vector<SheetCell> cells(count);
  std::map<std::size_t, at::Tensor> latents;
  std::string known_hash;
  generator::RenderHooks hooks;
  hooks.on_step = [&](const generator::RenderStep& step) {
    require(!cancelled, ErrorCode::kCancelled, "stopped; pictures that were finished are kept");
    events.step(step.done, step.total);
  };
  hooks.preview_every = job.preview_every;
  hooks.on_preview = [&](std::size_t image, const Picture& picture) {
    const fs::path file = preview_file(picture_file(job.output, image, count));
    write_file_atomically(file, encode_png(picture, {}));
    events.preview(image, file);
  };
  const auto drop_previews = [&](std::size_t begin, std::size_t end) {
    for (std::size_t image = begin; image < end && job.preview_every > 0; ++image) {
      std::error_code ignored;
      fs::remove(preview_file(picture_file(job.output, image, count)), ignored);
    }
  };
  const auto on_picture = [&](std::size_t image, const generator::RenderedPicture& rendered) {
    if (hash.valid()) {
      known_hash = hash.get();
    }
    latents[image] = rendered.latents;
    if (job.is_sheet) {
      cells[image] = {rendered.picture, label_of(job, image)};
      return;
    }
    const fs::path file = picture_file(job.output, image, count);
    write_file_atomically(file,
                          encode_png(rendered.picture, texts_of(job, image, sampler, known_hash)));
    drop_previews(image, image + 1);
    events.picture(image, job.request.images[image].seed, file);
  };
  generator.render(job.request, on_picture, hooks);

  std::vector<std::string> warnings = generator.warnings();
  if (job.is_sheet) {
    const Sheet sheet = make_sheet(sheet_title(job), cells);
    if (!sheet.has_labels) {
      warnings.emplace_back("the sheet has no texts: install the package fonts-dejavu-core");
    }
    write_file_atomically(job.output,
                          encode_png(sheet.picture, texts_of(job, 0, sampler, known_hash)));
    drop_previews(0, count);
    events.picture(0, job.request.images[0].seed, job.output);
  }
  if (!job.latents.empty()) {
    std::vector<at::Tensor> all;
    for (const auto& [image, tensor] : latents) {
      all.push_back(tensor);
    }
    nn::write_stored_tensor(job.latents, "latents", all);
  }
  events.done(count, warnings, generator.adapter_reports());
}

}  // namespace stylus::render
