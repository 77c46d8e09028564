#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/workspace.h"

namespace stylus::app {

/// A checkpoint that pictures can be rendered with, and the settings it is at its best with.
struct Model {
  std::string name;
  std::filesystem::path path;  ///< A diffusers folder or a single safetensors file.
  std::string base;            ///< Base family of its adapters; "" when not known.
  std::optional<double> guidance;
  std::optional<std::int64_t> steps, width, height;
  std::string sampler;
};

/// All models under `models/checkpoints` of the home folders, and the embedded one (`mini`) last.
/// A file NAME.stylus.json beside a checkpoint, or stylus.json in its folder, holds its settings
/// (docs/formats.md#model-settings); broken ones are Error(kCorruptData).
[[nodiscard]] std::vector<Model> list_models(const Locations& locations);

/// The model called `wanted`, or at that path; "" takes the first one of list_models.
/// Error(kNotFound) that lists what there is and says where models go.
[[nodiscard]] Model find_model(const Locations& locations, const std::string& wanted);

/// The file that holds a checkpoint's settings, whether it is there or not.
[[nodiscard]] std::filesystem::path model_settings_file(const std::filesystem::path& model);

/// Where CLIP's vocabulary for single-file checkpoints is; "" when it is not installed.
[[nodiscard]] std::filesystem::path find_clip_vocabulary(const Locations& locations);

}  // namespace stylus::app
