#include "weights/tensor_family.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "weights/family_detection.h"

namespace stylus::weights {
namespace {

using Families = std::vector<std::string>;

/// The part of a layer that the rules look at.
struct Clue {
  std::string module;  ///< flattened
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  bool is_convolution = false;
};

bool contains(std::string_view text, std::string_view piece) {
  return text.find(piece) != std::string_view::npos;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

class Clues {
 public:
  explicit Clues(std::vector<Clue> clues) : clues_(std::move(clues)) {}

  [[nodiscard]] bool empty() const { return clues_.empty(); }
  [[nodiscard]] const std::vector<Clue>& all() const { return clues_; }

  [[nodiscard]] bool any(std::string_view piece, std::int64_t inputs = 0) const {
    return std::any_of(clues_.begin(), clues_.end(), [&](const Clue& clue) {
      return contains(clue.module, piece) && (inputs == 0 || clue.inputs == inputs);
    });
  }

  /// The largest N of "<piece>N_…" at the start of a module; -1 when there is none.
  [[nodiscard]] int last_block(std::string_view piece) const {
    int last = -1;
    for (const Clue& clue : clues_) {
      if (!starts_with(clue.module, piece)) {
        continue;
      }
      int number = -1;
      for (std::size_t i = piece.size(); i < clue.module.size() && i < piece.size() + 4; ++i) {
        const char digit = clue.module[i];
        if (digit < '0' || digit > '9') {
          break;
        }
        number = (number < 0 ? 0 : number * 10) + (digit - '0');
      }
      last = std::max(last, number);
    }
    return last;
  }

 private:
  std::vector<Clue> clues_;
};

/// SDXL and the models trained on from it: their tensors are alike.
Families sdxl_family() { return {"sdxl", "pony", "illustrious", "noobai"}; }

/// The embedded model's own widths, which no other UNet has: 40, 80 and 120 channels.
bool is_mini(const Clues& clues) {
  return clues.any("attentions_", 40) || clues.any("attentions_", 80) ||
         clues.any("attentions_", 120);
}

Families unet_by_structure(const Clues& clues) {
  if (is_mini(clues)) {
    return {"mini"};
  }
  const bool is_deep = clues.any("transformer_blocks_2_") || clues.any("transformer_blocks_9_") ||
                       clues.any("input_blocks_4_1_transformer_blocks_1_") ||
                       clues.any("output_blocks_5_1_transformer_blocks_1_");
  if (is_deep) {
    return sdxl_family();
  }
  const bool is_shallow = clues.any("down_blocks_0_attentions_") ||
                          clues.any("up_blocks_3_attentions_") || clues.any("input_blocks_1_1_") ||
                          clues.any("output_blocks_11_1_");
  if (!is_shallow) {
    return {};
  }
  for (const Clue& clue : clues.all()) {
    if (contains(clue.module, "proj_in")) {
      return clue.is_convolution ? Families{"sd15"} : Families{"sd2"};
    }
  }
  return {"sd15", "sd2"};
}

Families unet_families(const Clues& clues) {
  struct Width {
    std::int64_t inputs;
    Families families;
  };
  if (clues.any("temporal_transformer_blocks")) {
    return {"svd"};
  }
  // Cross-attention reads the text encoder's vectors: their width is the surest mark.
  const std::array<Width, 5> widths = {{{768, {"sd15"}},
                                        {1024, {"sd2"}},
                                        {2048, sdxl_family()},
                                        {1280, {"sdxl_refiner"}},
                                        {128, {"mini"}}}};
  for (const Width& width : widths) {
    if (clues.any("attn2_to_k", width.inputs) || clues.any("attn2_to_v", width.inputs)) {
      return width.families;
    }
  }
  return unet_by_structure(clues);
}

/// double_blocks and single_blocks: FLUX.1, FLUX.2, Chroma, HunyuanVideo share the scheme.
Families double_stream_families(const Clues& clues) {
  const bool has_hunyuan_names = clues.any("_mlp_fc1") || clues.any("_mlp_fc2") ||
                                 clues.any("_mod_linear") || clues.any("modulation_linear");
  const int last_double =
      std::max(clues.last_block("double_blocks_"), clues.last_block("transformer_blocks_"));
  const int last_single =
      std::max(clues.last_block("single_blocks_"), clues.last_block("single_transformer_blocks_"));
  if (clues.any("", 3584)) {
    return {"hunyuan_image"};
  }
  if (has_hunyuan_names) {
    return {"hunyuan_video"};
  }
  for (const Clue& clue : clues.all()) {
    const bool is_single_in =
        contains(clue.module, "linear1") || contains(clue.module, "to_qkv_mlp_proj");
    const bool is_mlp_in = contains(clue.module, "img_mlp_0");
    const bool is_wide = (is_single_in && clue.outputs == 9 * clue.inputs) ||
                         (is_mlp_in && clue.outputs == 6 * clue.inputs) ||
                         contains(clue.module, "to_qkv_mlp_proj");
    const bool is_attention =
        contains(clue.module, "attn_qkv") || contains(clue.module, "attn_to_q");
    if ((is_wide || is_attention) && clue.inputs == 6144) {
      return {"flux2"};
    }
    if ((is_wide || is_attention) && clue.inputs == 4096) {
      return {"flux2_klein_9b"};
    }
    if (is_wide && clue.inputs == 3072) {
      return {"flux2_klein_4b"};
    }
  }
  if (last_double >= 19 || (last_single >= 38 && last_single < 47)) {
    return {"hunyuan_video"};
  }
  const bool has_modulation = clues.any("_mod_lin") || clues.any("modulation_lin") ||
                              clues.any("norm1_linear") || clues.any("norm_linear");
  return has_modulation ? Families{"flux1", "flux1_kontext"}
                        : Families{"flux1", "flux1_kontext", "chroma"};
}

/// A layer whose path holds `piece`, with that many inputs (0: any), means these families.
struct Rule {
  std::string_view piece;
  std::int64_t inputs;
  std::array<std::string_view, 2> families;
};

/// Transformers without single-stream blocks; the first rule that fits wins.
constexpr auto kTransformerRules = std::to_array<Rule>({
    {"txtfusion", 0, {"krea2"}},
    {"_attn_wq", 6144, {"krea2"}},
    {"double_stream_blocks_", 0, {"hidream"}},
    {"single_stream_blocks_", 0, {"hidream"}},
    {"joint_transformer_blocks_", 0, {"auraflow", "pony_v7"}},
    {"double_layers_", 0, {"auraflow", "pony_v7"}},
    {"single_layers_", 0, {"auraflow", "pony_v7"}},
    {"x_block_attn2", 0, {"sd35_medium"}},
    {"joint_blocks_", 2432, {"sd35_large"}},
    {"joint_blocks_", 1536, {"sd3", "sd35_medium"}},
    {"img_mlp_net", 0, {"qwen_image"}},
    {"txt_mlp_net", 0, {"qwen_image"}},
    {"img_mod_1", 0, {"qwen_image"}},
    {"txt_mod_1", 0, {"qwen_image"}},
    {"adaln_modulation_", 0, {"anima"}},
    {"cross_attn_k_proj", 0, {"anima"}},
    {"cross_attn_q_proj", 0, {"anima"}},
    {"cross_attn_v_proj", 0, {"anima"}},
    {"cross_attn_output_proj", 0, {"anima"}},
    {"self_attn_q_proj", 2048, {"anima"}},
    {"cross_attn_kv_linear", 0, {"pixart"}},
    {"_cross_attn_", 1536, {"wan_1_3b"}},
    {"_self_attn_", 1536, {"wan_1_3b"}},
    {"_cross_attn_", 5120, {"wan"}},
    {"_self_attn_", 5120, {"wan"}},
    {"_ffn_0", 5120, {"wan"}},
    {"_cross_attn_", 3072, {"wan_5b"}},
    {"_self_attn_", 3072, {"wan_5b"}},
    {"attn_qkv_x", 0, {"mochi"}},
    {"ref_image", 0, {"omnigen2"}},
    {"_attention_", 3840, {"z_image"}},
    {"_attention_", 2304, {"lumina2"}},
    {"_attn1_", 5120, {"wan"}},
    {"_attn1_", 1408, {"hunyuan_dit"}},
    {"audio_attn", 0, {"ltx2"}},
    {"_attn1_", 1152, {"pixart"}},
    {"_attn1_", 2048, {"ltxv"}},
    {"_attn1_", 4096, {"cogview4", "ltx2"}},
    {"_attn1_add_", 3072, {"mochi"}},
    {"_attn1_", 1920, {"cogvideox"}},
    {"_attn2_to_", 3072, {"wan_5b"}},
    {"_attn1_", 3072, {"cogvideox", "mochi"}},
    {"_attn1_", 1536, {"wan_1_3b"}},
    {"_attn_", 2432, {"sd35_large"}},
    {"_attn_", 1536, {"sd3", "sd35_medium"}},
    {"_ff_context_", 3072, {"flux1", "flux1_kontext"}},
    {"norm1_context", 3072, {"flux1", "flux1_kontext"}},
    {"transformer_blocks_", 3072, {"qwen_image"}},
});

Families transformer_families(const Clues& clues) {
  for (const Rule& rule : kTransformerRules) {
    if (clues.any(rule.piece, rule.inputs)) {
      Families families;
      for (const std::string_view family : rule.families) {
        if (!family.empty()) {
          families.emplace_back(family);
        }
      }
      return families;
    }
  }
  return {};
}

bool is_double_stream(const Clues& clues) {
  if (clues.any("joint_transformer_blocks_")) {
    return false;  // AuraFlow has single_transformer_blocks too
  }
  return std::any_of(clues.all().begin(), clues.all().end(), [](const Clue& clue) {
    return starts_with(clue.module, "double_blocks_") ||
           starts_with(clue.module, "single_blocks_") ||
           starts_with(clue.module, "single_transformer_blocks_");
  });
}

/// Text encoders alone: CLIP-L is in many models, so only the trainer's prefix can decide.
Families text_encoder_families(const Clues& clues, bool has_second, bool names_only_encoder) {
  if (has_second) {
    return clues.any("", 4096) ? Families{"flux1", "sd3"} : sdxl_family();
  }
  if (clues.any("self_attn_", 1024)) {
    return {"sd2"};
  }
  if (clues.any("self_attn_", 128)) {
    return {"mini"};
  }
  if (!clues.any("self_attn_", 768)) {
    return {};
  }
  return names_only_encoder ? Families{"sd15"} : Families{"sd15", "sdxl", "flux1", "sd3"};
}

/// The name of one of the layer's tensors, prefix and all.
std::string_view first_name(const LayerUpdate& layer) {
  for (const Tensor* tensor : layer.parts) {
    if (tensor != nullptr) {
      return tensor->name;
    }
  }
  return "";
}

Clue clue_of(const LayerUpdate& layer) {
  std::string module = flattened(layer.module);
  // Old diffusers files name the attention processor between the attention and its projection.
  constexpr std::string_view kProcessor = "_processor_";
  if (const std::size_t at = module.find(kProcessor); at != std::string::npos) {
    module.erase(at, kProcessor.size() - 1);
  }
  return {std::move(module), inputs_of(layer), outputs_of(layer), is_convolution(layer)};
}

}  // namespace

std::vector<std::string> families_of_layers(std::span<const LayerUpdate> layers) {
  std::vector<Clue> denoiser;
  std::vector<Clue> encoder;
  bool has_second = false;
  bool names_only_encoder = false;
  for (const LayerUpdate& layer : layers) {
    if (layer.prefix == Prefix::kIndexed) {
      return {"sd15"};  // cloneofsimo's first format was written for SD 1 only
    }
    if (starts_with(first_name(layer), "lora_prior_")) {
      return {"stable_cascade"};
    }
    if (!is_text_encoder(layer)) {
      denoiser.push_back(clue_of(layer));
      continue;
    }
    encoder.push_back(clue_of(layer));
    has_second = has_second || layer.component == "text_encoder_2";
    names_only_encoder = names_only_encoder || starts_with(first_name(layer), "lora_te_");
  }
  const Clues clues(std::move(denoiser));
  const Clues encoder_clues(std::move(encoder));
  const bool is_unet = std::any_of(clues.all().begin(), clues.all().end(),
                                   [](const Clue& clue) { return is_unet_module(clue.module); });
  if (is_unet) {
    Families families = unet_families(clues);
    if (families.size() != 1 && encoder_clues.any("self_attn_")) {
      // SD 1 and SD 2 differ in nothing but widths; the encoder's may tell where the UNet's do not.
      families = text_encoder_families(encoder_clues, has_second, /*names_only_encoder=*/true);
    }
    return families;
  }
  if (is_double_stream(clues)) {
    return double_stream_families(clues);
  }
  return clues.empty() ? text_encoder_families(encoder_clues, has_second, names_only_encoder)
                       : transformer_families(clues);
}

std::vector<std::string> families_of_embeddings(std::span<const Tensor* const> embeddings) {
  std::set<std::int64_t> widths;
  for (const Tensor* tensor : embeddings) {
    if (!tensor->shape.empty()) {
      widths.insert(tensor->shape.back());
    }
  }
  const auto has = [&](std::int64_t width) { return widths.count(width) != 0; };
  if (has(768) && has(1280)) {
    return has(4096) ? Families{"sd3", "sd35_large", "sd35_medium"} : sdxl_family();
  }
  if (has(768)) {
    return has(4096) ? Families{"flux1"} : Families{"sd15"};
  }
  if (has(1024)) {
    return {"sd2"};
  }
  return has(128) ? Families{"mini"} : Families{};
}

}  // namespace stylus::weights
