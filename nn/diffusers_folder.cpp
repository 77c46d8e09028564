#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "nn/checkpoint.h"
#include "support/error.h"
#include "support/file.h"
#include "support/json.h"
#include "weights/shown_name.h"

namespace stylus::nn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestConfig = std::size_t{1} << 20U;

nlohmann::json read_config(const fs::path& path) {
  nlohmann::json json = parse_json(read_file(path, kLongestConfig), path.string());
  require(json.is_object(), ErrorCode::kCorruptData, path.string(), " is not a JSON object");
  return json;
}

/// The weights of one part: whole or in shards, in full precision if they are there, else fp16.
StoredTensors read_part(const fs::path& folder, const std::string& stem) {
  for (const char* ending : {".safetensors", ".safetensors.index.json", ".fp16.safetensors",
                             ".safetensors.index.fp16.json", ".fp16.safetensors.index.json"}) {
    const fs::path path = folder / (stem + ending);
    if (fs::exists(path)) {
      return read_stored_tensors(path);
    }
  }
  require(!fs::exists(folder / (stem + ".bin")) && !fs::exists(folder / "pytorch_model.bin"),
          ErrorCode::kUnsupported, folder.string(),
          " holds its weights as a pickle (.bin), which could run foreign code; save the model "
          "again with safe_serialization=True");
  fail(ErrorCode::kNotFound, folder.string(), ": no ", stem,
       ".safetensors (nor its fp16 variant or shards) in it");
}

/// Old files name the VAE's attention otherwise.
StoredTensors modern_vae_names(StoredTensors tensors) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOld = {
      {{".query.", ".to_q."},
       {".key.", ".to_k."},
       {".value.", ".to_v."},
       {".proj_attn.", ".to_out.0."}}};
  StoredTensors result;
  for (auto& [name, stored] : tensors) {
    std::string modern = name;
    for (const auto& [from, to] : kOld) {
      const std::size_t place = modern.find(from);
      if (place != std::string::npos && modern.find(".attentions.") != std::string::npos) {
        modern.replace(place, from.size(), to);
      }
    }
    result.emplace(std::move(modern), std::move(stored));
  }
  return result;
}

void add_text_encoder(const fs::path& folder, bool is_second, CheckpointParts& parts) {
  const fs::path path = folder / (is_second ? "text_encoder_2" : "text_encoder");
  ClipTextConfig config =
      read_clip_text_config(read_config(path / "config.json"), (path / "config.json").string());
  StoredTensors tensors = normalised_text_names(read_part(path, "model"));
  // Only SDXL's second encoder is used with its projection.
  config.has_projection = is_second;
  if (!is_second) {
    tensors.erase("text_projection.weight");
  }
  parts.text_configs.push_back(config);
  parts.text_tensors.push_back(std::move(tensors));
}

void check_kind(const fs::path& folder) {
  require(!fs::exists(folder / "transformer"), ErrorCode::kUnsupported, folder.string(),
          " holds a transformer model (FLUX, Stable Diffusion 3, …); stylus draws with Stable "
          "Diffusion 1, 2 and XL");
  require(fs::exists(folder / "unet" / "config.json"), ErrorCode::kNotFound, folder.string(),
          ": no unet/config.json in it; is it a diffusers folder?");
  require(fs::exists(folder / "text_encoder"), ErrorCode::kUnsupported, folder.string(),
          fs::exists(folder / "text_encoder_2") ? " is an SDXL refiner, which stylus does not use"
                                                : " has no text_encoder");
}

void check_fit(const CheckpointParts& parts) {
  std::int64_t width = 0;
  for (const ClipTextConfig& config : parts.text_configs) {
    width += config.hidden_size;
  }
  for (const std::int64_t wanted : parts.unet_config.cross_attention_dim) {
    require(wanted == width, ErrorCode::kCorruptData, parts.what,
            ": the UNet wants text states of ", wanted, " numbers and the text encoder gives ",
            width, "; they belong to different base models");
  }
  require(parts.vae_config.latent_channels == parts.unet_config.out_channels,
          ErrorCode::kCorruptData, parts.what, ": the UNet makes ", parts.unet_config.out_channels,
          " latent channels and the VAE has ", parts.vae_config.latent_channels);
}

}  // namespace

CheckpointParts read_diffusers_folder(const fs::path& folder) {
  check_kind(folder);
  CheckpointParts parts;
  parts.what = weights::shown_name(folder.string());
  const fs::path unet = folder / "unet" / "config.json";
  const fs::path vae = folder / "vae" / "config.json";
  parts.unet_config = read_unet_config(read_config(unet), unet.string());
  parts.vae_config = read_vae_config(read_config(vae), vae.string());
  add_text_encoder(folder, false, parts);
  if (parts.unet_config.has_text_time) {
    add_text_encoder(folder, true, parts);
  }
  parts.base = parts.unet_config.has_text_time    ? "sdxl"
               : parts.text_configs[0].quick_gelu ? "sd15"
                                                  : "sd2";
  check_fit(parts);
  parts.is_inpainting = parts.unet_config.in_channels == 9;
  require(parts.unet_config.in_channels != 8, ErrorCode::kUnsupported, parts.what,
          " is an InstructPix2Pix model (8 input channels), which stylus does not draw with");
  const fs::path scheduler = folder / "scheduler" / "scheduler_config.json";
  const nlohmann::json schedule = read_config(scheduler);
  parts.scheduler_config = schedule.dump();
  parts.prediction = json_string(schedule, "prediction_type", "epsilon");
  require(parts.prediction == "epsilon" || parts.prediction == "v_prediction",
          ErrorCode::kUnsupported, scheduler.string(), ": prediction_type '",
          parts.prediction.substr(0, 100), "'; stylus knows epsilon and v_prediction");
  for (const char* name : {"tokenizer", "tokenizer_2"}) {
    if (fs::exists(folder / name)) {
      parts.tokenizers.push_back(folder / name);
    }
  }
  if (fs::exists(folder / "model_index.json")) {
    const nlohmann::json index = read_config(folder / "model_index.json");
    const auto force = index.find("force_zeros_for_empty_prompt");
    parts.force_zeros_for_empty_prompt =
        force != index.end() ? *force == true : parts.base == "sdxl";
  }
  parts.unet_tensors = read_part(folder / "unet", "diffusion_pytorch_model");
  parts.vae_tensors = modern_vae_names(read_part(folder / "vae", "diffusion_pytorch_model"));
  return parts;
}

}  // namespace stylus::nn
