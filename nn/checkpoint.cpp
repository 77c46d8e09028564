#include "nn/checkpoint.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "nn/guard.h"
#include "support/error.h"
#include "support/file.h"
#include "weights/foreign_format.h"
#include "weights/shown_name.h"

namespace stylus::nn {
namespace {

std::string text_name(const CheckpointParts& parts, std::size_t i) {
  std::string name = i == 0 ? "text encoder of " : "second text encoder of ";
  return name += parts.what;
}

}  // namespace

CheckpointParts read_checkpoint_parts(const std::filesystem::path& path) {
  require(std::filesystem::exists(path), ErrorCode::kNotFound, "there is no file or folder '",
          path.string(), "'");
  if (std::filesystem::is_directory(path)) {
    return read_diffusers_folder(path);
  }
  const std::string what = weights::shown_name(path.string());
  weights::refuse_foreign_format(MappedFile(path).bytes(), what);
  const auto file = std::make_shared<const weights::SafetensorsFile>(path);
  StoredTensors tensors;
  add_stored_tensors(file, what, tensors);
  return sort_single_file(tensors, file->metadata(), what);
}

void check_checkpoint(const CheckpointParts& parts) {
  constexpr std::size_t kShown = 8;
  for (std::size_t i = 0; i < parts.text_configs.size(); ++i) {
    check_model<ClipText>(parts.text_configs[i], parts.text_tensors[i], text_name(parts, i));
  }
  check_model<UNet>(parts.unet_config, parts.unet_tensors, "UNet of " + parts.what);
  check_model<Vae>(parts.vae_config, parts.vae_tensors, "VAE of " + parts.what);
  if (parts.unexpected.empty()) {
    return;
  }
  std::string names;
  for (std::size_t i = 0; i < parts.unexpected.size() && i < kShown; ++i) {
    names += i == 0 ? "" : ", ";
    names += weights::shown_name(parts.unexpected[i]);
  }
  fail(ErrorCode::kCorruptData, parts.what, ": ", parts.unexpected.size(),
       " unexpected tensors: ", names, parts.unexpected.size() > kShown ? ", …" : "",
       "; the file belongs to another kind of model");
}

std::unique_ptr<Checkpoint> load_checkpoint(const std::filesystem::path& path,
                                            const CheckpointOptions& options) {
  auto checkpoint = std::make_unique<Checkpoint>();
  CheckpointParts& parts = checkpoint->parts;
  parts = read_checkpoint_parts(path);
  if (options.prediction) {
    parts.prediction = *options.prediction;
    nlohmann::json scheduler = nlohmann::json::parse(parts.scheduler_config);
    scheduler["prediction_type"] = parts.prediction;
    parts.scheduler_config = scheduler.dump();
  }
  check_checkpoint(parts);
  return guarded(parts.what, [&] {
    for (std::size_t i = 0; i < parts.text_configs.size(); ++i) {
      TensorSource source(parts.text_tensors[i], text_name(parts, i), options.tensors);
      checkpoint->text_encoders.push_back(
          std::make_unique<ClipText>(parts.text_configs[i], source));
    }
    TensorSource unet(parts.unet_tensors, "UNet of " + parts.what, options.tensors);
    checkpoint->unet = std::make_unique<UNet>(parts.unet_config, unet);
    TensorOptions vae_options = options.tensors;
    const bool overflows =
        vae_options.dtype == at::kHalf && parts.base == "sdxl" && parts.vae_config.force_upcast;
    vae_options.dtype = options.vae_dtype.value_or(overflows ? at::kFloat : vae_options.dtype);
    TensorSource vae(parts.vae_tensors, "VAE of " + parts.what, vae_options);
    checkpoint->vae = std::make_unique<Vae>(parts.vae_config, vae);
    return std::move(checkpoint);
  });
}

}  // namespace stylus::nn
