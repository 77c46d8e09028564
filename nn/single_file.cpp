#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "nn/checkpoint.h"
#include "nn/inferred_config.h"
#include "nn/ldm_names.h"
#include "support/error.h"
#include "weights/shown_name.h"

namespace stylus::nn {
namespace {

constexpr std::string_view kUnet = "model.diffusion_model.";

bool take_prefix(std::string_view& name, std::string_view prefix) {
  const bool has = name.starts_with(prefix);
  name.remove_prefix(has ? prefix.size() : 0);
  return has;
}

/// What training leaves behind and no picture depends on.
bool is_harmless(std::string_view name) {
  static constexpr std::array<std::string_view, 20> kBegins = {
      "model_ema.",
      "alphas_cumprod",
      "betas",
      "sqrt_",
      "log_one_minus_alphas",
      "posterior_",
      "lvlb_weights",
      "logvar",
      "scale_factor",
      "denoiser.",
      "edm_",
      "v_pred",
      "ztsnr",
      "first_stage_model.loss.",
      "first_stage_model.model_ema.",
      "embedding_manager.",
      "cond_stage_model.transformer.vision_model.",
      "cond_stage_model.transformer.text_projection",
      "cond_stage_model.transformer.visual_projection",
      "model.global_step"};
  static constexpr std::array<std::string_view, 4> kEnds = {".position_ids", ".logit_scale",
                                                            ".attn_mask", "embeddings.vision_ids"};
  return std::ranges::any_of(kBegins, [&](auto begin) { return name.starts_with(begin); }) ||
         std::ranges::any_of(kEnds, [&](auto end) { return name.ends_with(end); });
}

/// Other kinds of files by a tensor that only they have (generation-and-evaluation 6.3).
void refuse_other_models(const StoredTensors& file, const std::string& what) {
  struct Kind {
    std::string_view part;  ///< Of a tensor's name.
    std::string_view name;
  };
  static constexpr std::array<Kind, 12> kKinds = {{
      {"double_blocks.0.img_attn", "a FLUX model"},
      {"joint_blocks.0.", "a Stable Diffusion 3 model"},
      {"transformer_blocks.0.attn.add_q_proj", "a FLUX or Stable Diffusion 3 transformer"},
      {"conditioner.embedders.0.model.transformer.resblocks", "an SDXL refiner"},
      {"clip_mapper.", "a Stable Cascade model"},
      {"input_hint_block.", "a ControlNet"},
      {"lora_down", "an adapter (LoRA)"},
      {"lora_up", "an adapter (LoRA)"},
      {"lora_A", "an adapter (LoRA)"},
      {"hada_w1", "an adapter (LoHa)"},
      {"lokr_w1", "an adapter (LoKr)"},
      {"time_stack.", "a video model"},
  }};
  for (const auto& [tensor, stored] : file) {
    for (const Kind& kind : kKinds) {
      require(tensor.find(kind.part) == std::string::npos, ErrorCode::kUnsupported, what, " is ",
              kind.name, ", not a Stable Diffusion 1, 2 or XL checkpoint (it has ",
              weights::shown_name(tensor), ")");
    }
  }
}

/// The file's tensors sorted by part, under the names of the original code without prefix.
struct Sorted {
  StoredTensors unet;
  StoredTensors vae;
  StoredTensors text;                       ///< transformers' names
  std::vector<StoredTensors> open_clip{2};  ///< [0]: SD2's only one; [1]: SDXL's second
  std::vector<std::string> unexpected;
};

bool is_bare_unet_name(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kBegins = {
      "input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "label_emb.", "out."};
  return std::ranges::any_of(kBegins, [&](auto begin) { return name.starts_with(begin); });
}

Sorted sorted_by_part(const StoredTensors& file) {
  Sorted sorted;
  for (const auto& [full, stored] : file) {
    std::string_view name = full;
    if (is_harmless(name)) {
      continue;
    }
    if (take_prefix(name, kUnet) || is_bare_unet_name(name)) {
      sorted.unet.emplace(name, stored);
    } else if (take_prefix(name, "first_stage_model.") || take_prefix(name, "vae.")) {
      sorted.vae.emplace(name, stored);
    } else if (take_prefix(name, "cond_stage_model.transformer.") ||
               take_prefix(name, "conditioner.embedders.0.transformer.")) {
      sorted.text.emplace(name, stored);
    } else if (take_prefix(name, "cond_stage_model.model.")) {
      sorted.open_clip[0].emplace(name, stored);
    } else if (take_prefix(name, "conditioner.embedders.1.model.")) {
      sorted.open_clip[1].emplace(name, stored);
    } else {
      sorted.unexpected.push_back(full);
    }
  }
  return sorted;
}

/// Resnets of a down block: the first downsampler is input_blocks.(layers + 1).
std::size_t layers_of(const StoredTensors& unet) {
  constexpr std::size_t kMost = 32;
  for (std::size_t i = 1; i < kMost; ++i) {
    if (unet.contains("input_blocks." + std::to_string(i) + ".0.op.weight")) {
      return i - 1;
    }
  }
  return 2;
}

std::set<std::size_t> plain_upsamplers_of(const StoredTensors& unet) {
  std::set<std::size_t> plain;
  constexpr std::size_t kMost = 64;
  for (std::size_t i = 0; i < kMost; ++i) {
    if (unet.contains("output_blocks." + std::to_string(i) + ".1.conv.weight")) {
      plain.insert(i);
    }
  }
  return plain;
}

std::size_t vae_levels_of(const StoredTensors& vae) {
  std::size_t levels = 0;
  while (vae.contains("encoder.down." + std::to_string(levels) + ".block.0.conv1.weight")) {
    ++levels;
  }
  return levels;
}

void rename_parts(const Sorted& sorted, CheckpointParts& parts) {
  const std::size_t layers = layers_of(sorted.unet);
  const std::set<std::size_t> plain = plain_upsamplers_of(sorted.unet);
  for (const auto& [name, stored] : sorted.unet) {
    const std::optional<std::string> renamed = unet_name(name, layers, plain);
    if (!renamed || !parts.unet_tensors.emplace(*renamed, stored).second) {
      parts.unexpected.push_back(stored.tensor.name);
    }
  }
  const std::size_t levels = vae_levels_of(sorted.vae);
  for (const auto& [name, stored] : sorted.vae) {
    const std::optional<std::string> renamed = vae_name(name, levels);
    if (!renamed || !parts.vae_tensors.emplace(*renamed, stored).second) {
      parts.unexpected.push_back(stored.tensor.name);
    }
  }
}

void add_text_encoders(const Sorted& sorted, CheckpointParts& parts) {
  if (!sorted.text.empty()) {
    parts.text_tensors.push_back(normalised_text_names(sorted.text));
    parts.text_configs.push_back(infer_clip_text_config(parts.text_tensors.back(), false));
  }
  for (std::size_t which = 0; which < sorted.open_clip.size(); ++which) {
    if (sorted.open_clip[which].empty()) {
      continue;
    }
    StoredTensors& text = parts.text_tensors.emplace_back();
    for (const auto& [name, stored] : sorted.open_clip[which]) {
      if (!add_open_clip(name, stored, text)) {
        parts.unexpected.push_back(stored.tensor.name);
      }
    }
    ClipTextConfig config = infer_clip_text_config(text, true);
    if (which == 0) {
      // Stable Diffusion 2 reads the last but one block and has no use for the projection.
      config.layers = std::max<std::int64_t>(1, config.layers - 1);
      const std::string last = "text_model.encoder.layers." + std::to_string(config.layers) + ".";
      std::erase_if(text, [&](const auto& item) {
        return item.first.starts_with(last) || item.first == "text_projection.weight";
      });
      config.has_projection = false;
    }
    parts.text_configs.push_back(config);
  }
}

std::string prediction_of(const CheckpointParts& parts, const StoredTensors& file,
                          const std::map<std::string, std::string>& metadata) {
  const auto noted = metadata.find("modelspec.prediction_type");
  if (noted != metadata.end() && (noted->second == "v" || noted->second == "epsilon")) {
    return noted->second == "v" ? "v_prediction" : "epsilon";
  }
  if (file.contains("v_pred")) {
    return "v_prediction";
  }
  // SD 2.1 at 768 pixels is the common one; the inpainting model predicts noise.
  return parts.base == "sd2" && !parts.is_inpainting ? "v_prediction" : "epsilon";
}

std::string scheduler_of(const CheckpointParts& parts, bool is_zero_snr) {
  nlohmann::json scheduler = {{"num_train_timesteps", 1000}, {"beta_start", 0.00085},
                              {"beta_end", 0.012},           {"beta_schedule", "scaled_linear"},
                              {"steps_offset", 1},           {"timestep_spacing", "leading"},
                              {"set_alpha_to_one", false},   {"clip_sample", false}};
  scheduler["_class_name"] = parts.base == "sdxl"  ? "EulerDiscreteScheduler"
                             : parts.base == "sd2" ? "DDIMScheduler"
                                                   : "PNDMScheduler";
  scheduler["prediction_type"] = parts.prediction;
  scheduler["rescale_betas_zero_snr"] = is_zero_snr;
  return scheduler.dump();
}

}  // namespace

StoredTensors normalised_text_names(const StoredTensors& tensors) {
  StoredTensors result;
  for (const auto& [name, stored] : tensors) {
    if (name.ends_with("position_ids")) {
      continue;
    }
    const bool is_bare = name.starts_with("embeddings.") || name.starts_with("encoder.") ||
                         name.starts_with("final_layer_norm.");
    result.emplace(is_bare ? "text_model." + name : name, stored);
  }
  return result;
}

CheckpointParts sort_single_file(const StoredTensors& file,
                                 const std::map<std::string, std::string>& metadata,
                                 const std::string& what) {
  refuse_other_models(file, what);
  const Sorted sorted = sorted_by_part(file);
  const bool has_text =
      !sorted.text.empty() || !sorted.open_clip[0].empty() || !sorted.open_clip[1].empty();
  require(sorted.unet.contains("input_blocks.0.0.weight"), ErrorCode::kUnsupported, what,
          " is no Stable Diffusion checkpoint: it has no ", kUnet, "input_blocks.0.0.weight");
  require(!sorted.vae.empty() && has_text, ErrorCode::kUnsupported, what,
          " is only a part of a checkpoint: it has a UNet, but no ",
          sorted.vae.empty() ? "VAE (first_stage_model.…)" : "text encoder",
          "; give a file that holds all parts");
  CheckpointParts parts;
  parts.what = what;
  const bool is_sdxl = !sorted.open_clip[1].empty() || sorted.unet.contains("label_emb.0.0.weight");
  parts.base = is_sdxl ? "sdxl" : !sorted.open_clip[0].empty() ? "sd2" : "sd15";
  parts.unexpected = sorted.unexpected;
  rename_parts(sorted, parts);
  add_text_encoders(sorted, parts);
  parts.unet_config = infer_unet_config(parts.unet_tensors, parts.base);
  parts.vae_config = infer_vae_config(parts.vae_tensors, parts.base);
  parts.is_inpainting = parts.unet_config.in_channels == 9;
  require(parts.unet_config.in_channels != 8, ErrorCode::kUnsupported, what,
          " is an InstructPix2Pix model (8 input channels), which stylus does not draw with");
  parts.prediction = prediction_of(parts, file, metadata);
  parts.scheduler_config = scheduler_of(parts, file.contains("ztsnr"));
  parts.force_zeros_for_empty_prompt = is_sdxl;
  return parts;
}

}  // namespace stylus::nn
