#include "nn/clip_towers.h"

#include <array>
#include <nlohmann/json.hpp>

#include "nn/checkpoint.h"
#include "nn/config.h"
#include "nn/config_reader.h"
#include "nn/tensor_source.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"

namespace stylus::nn {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLongestConfig = std::size_t{1} << 20U;

StoredTensors read_weights(const fs::path& folder) {
  for (const char* name :
       {"model.safetensors", "model.safetensors.index.json", "model.fp16.safetensors"}) {
    if (fs::exists(folder / name)) {
      return read_stored_tensors(folder / name);
    }
  }
  fail(ErrorCode::kNotFound, "'", folder.string(), "' has no model.safetensors; give a folder ",
       "with config.json and model.safetensors as transformers' save_pretrained writes them");
}

/// Pillow's numbers of its filters.
std::string filter_name(std::int64_t number, const std::string& what) {
  switch (number) {
    case 1:
      return "lanczos";
    case 2:
      return "bilinear";
    case 3:
      return "bicubic";
    case 4:
      return "box";
    default:
      fail(ErrorCode::kUnsupported, what, ": resample is ", number,
           "; stylus knows 1 (Lanczos), 2 (bilinear), 3 (bicubic) and 4 (box)");
  }
}

std::array<double, 3> channels(const json& config, const char* key, std::array<double, 3> fallback,
                               const std::string& what) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) {
    return fallback;
  }
  require(found->is_array() && found->size() == 3 && (*found)[0].is_number() &&
              (*found)[1].is_number() && (*found)[2].is_number(),
          ErrorCode::kCorruptData, what, ": ", key, " must be three numbers");
  return {(*found)[0], (*found)[1], (*found)[2]};
}

/// A learned number that is no layer.
double single_number(const StoredTensors& tensors, const char* name, const std::string& what) {
  TensorSource source(tensors, what, {});
  require(source.has(name), ErrorCode::kCorruptData, what, ": the model's file has no number '",
          name, "'; it is no whole SigLIP model");
  return source.take(name, std::array<std::int64_t, 1>{1}).item<double>();
}

ClipPreprocessing read_preprocessing(const fs::path& folder, const ClipVisionConfig& vision) {
  ClipPreprocessing result;
  result.size = vision.image_size;
  result.keeps_shape = !vision.is_siglip;
  if (vision.is_siglip) {
    result.mean = result.deviation = {0.5, 0.5, 0.5};
  }
  const fs::path path = folder / "preprocessor_config.json";
  if (!fs::exists(path)) {
    return result;
  }
  const std::string what = path.string();
  const json config = parse_json(read_file(path, kLongestConfig), what);
  const ConfigReader reader(config, what);
  result.filter = filter_name(reader.count("resample", 3), what);
  result.mean = channels(config, "image_mean", result.mean, what);
  result.deviation = channels(config, "image_std", result.deviation, what);
  for (const double value : result.deviation) {
    require(value > 0, ErrorCode::kCorruptData, what, ": image_std must be above 0");
  }
  return result;
}

}  // namespace

StoredTensors normalised_vision_names(const StoredTensors& tensors) {
  StoredTensors result;
  for (const auto& [name, tensor] : tensors) {
    if (name.ends_with("position_ids")) {
      continue;
    }
    if (name.starts_with("vision_model.") || name.starts_with("visual_projection.")) {
      result.emplace(name, tensor);
      continue;
    }
    for (const char* part :
         {"embeddings.", "encoder.", "pre_layrnorm.", "post_layernorm.", "head."}) {
      if (name.starts_with(part)) {
        result.emplace("vision_model." + name, tensor);
      }
    }
  }
  return result;
}

ClipTowers load_clip_towers(const fs::path& folder, const TensorOptions& options) {
  const fs::path path = folder / "config.json";
  require(fs::exists(path), ErrorCode::kNotFound, "'", folder.string(),
          "' has no config.json; give the folder of a CLIP model as transformers saves it");
  const std::string what = path.string();
  const json config = parse_json(read_file(path, kLongestConfig), what);
  const ClipVisionConfig vision = read_clip_vision_config(config, what);
  const StoredTensors stored = read_weights(folder);
  const StoredTensors vision_tensors = normalised_vision_names(stored);
  StoredTensors text_tensors;
  for (const auto& [name, tensor] : stored) {
    const bool is_text = name.starts_with("text_model.") || name.starts_with("text_projection.");
    if (is_text && !name.ends_with("position_ids")) {
      text_tensors.emplace(name, tensor);
    }
  }
  ClipTowers towers;
  towers.preprocessing = read_preprocessing(folder, vision);
  towers.vision = load_model<ClipVision>(vision, vision_tensors,
                                         "picture tower of '" + folder.string() + "'", options);
  if (vision.is_siglip) {
    towers.siglip_text = load_model<SiglipText>(read_siglip_text_config(config, what), text_tensors,
                                                "text tower of '" + folder.string() + "'", options);
    require(towers.siglip_text->config().projection_dim == vision.projection_dim,
            ErrorCode::kCorruptData, what, ": texts become ",
            towers.siglip_text->config().projection_dim, " numbers and pictures ",
            vision.projection_dim, "; both must be the same");
    towers.logit_scale = single_number(stored, "logit_scale", what);
    towers.logit_bias = single_number(stored, "logit_bias", what);
  } else {
    ClipTextConfig text = read_clip_text_config(config, what);
    text.has_projection = true;
    text.projection_dim = vision.projection_dim;
    towers.text = load_model<ClipText>(text, text_tensors,
                                       "text tower of '" + folder.string() + "'", options);
  }
  return towers;
}

}  // namespace stylus::nn
