#include "weights/tensor_name.h"

#include <array>
#include <cstddef>

namespace stylus::weights {
namespace {

struct Suffix {
  std::string_view text;
  Part part;
  PartStyle style = PartStyle::kOther;
};

/// Tried in this order, so a suffix stands before every shorter one that it ends with.
constexpr auto kSuffixes = std::to_array<Suffix>({
    // LoRA and LoCon
    {".lora_down.weight", Part::kDown, PartStyle::kUnderscore},
    {".lora_up.weight", Part::kUp, PartStyle::kUnderscore},
    {".lora_mid.weight", Part::kMid, PartStyle::kUnderscore},
    {"_lora_down.weight", Part::kDown, PartStyle::kUnderscore},
    {"_lora_up.weight", Part::kUp, PartStyle::kUnderscore},
    {".lora_linear_layer.down.weight", Part::kDown, PartStyle::kDotted},
    {".lora_linear_layer.up.weight", Part::kUp, PartStyle::kDotted},
    {".lora.down.weight", Part::kDown, PartStyle::kDotted},
    {".lora.up.weight", Part::kUp, PartStyle::kDotted},
    {".lora.alpha", Part::kAlpha, PartStyle::kDotted},
    {"_lora.down.weight", Part::kDown, PartStyle::kProcessor},
    {"_lora.up.weight", Part::kUp, PartStyle::kProcessor},
    {"_lora.alpha", Part::kAlpha, PartStyle::kProcessor},
    {".lora_down", Part::kDown, PartStyle::kUnderscore},
    {".lora_up", Part::kUp, PartStyle::kUnderscore},
    {".lora_A.weight", Part::kDown, PartStyle::kLetters},
    {".lora_B.weight", Part::kUp, PartStyle::kLetters},
    {".lora_A.default.weight", Part::kDown, PartStyle::kLetters},
    {".lora_B.default.weight", Part::kUp, PartStyle::kLetters},
    {".lora_A", Part::kDown, PartStyle::kLetters},
    {".lora_B", Part::kUp, PartStyle::kLetters},
    {".lora_B.default.bias", Part::kUpBias, PartStyle::kLetters},
    {".lora_B.bias", Part::kUpBias, PartStyle::kLetters},
    {".lora_embedding_A", Part::kDown, PartStyle::kLetters},
    {".lora_embedding_B", Part::kUp, PartStyle::kLetters},
    {".lora_magnitude_vector.default.weight", Part::kDoraScale, PartStyle::kLetters},
    {".lora_magnitude_vector.weight", Part::kDoraScale, PartStyle::kLetters},
    {".lora_magnitude_vector", Part::kDoraScale, PartStyle::kLetters},
    {".dora_scale", Part::kDoraScale},
    {".alpha", Part::kAlpha},
    // LoHa
    {".hada_w1_a", Part::kHadaW1A},
    {".hada_w1_b", Part::kHadaW1B},
    {".hada_w2_a", Part::kHadaW2A},
    {".hada_w2_b", Part::kHadaW2B},
    {".hada_t1", Part::kHadaT1},
    {".hada_t2", Part::kHadaT2},
    // LoKr
    {".lokr_w1_a", Part::kLokrW1A},
    {".lokr_w1_b", Part::kLokrW1B},
    {".lokr_w2_a", Part::kLokrW2A},
    {".lokr_w2_b", Part::kLokrW2B},
    {".lokr_w1", Part::kLokrW1},
    {".lokr_w2", Part::kLokrW2},
    {".lokr_t1", Part::kLokrT1},
    {".lokr_t2", Part::kLokrT2},
    // The rest
    {".on_input", Part::kIa3OnInput},
    {".a1.weight", Part::kGloraA1},
    {".a2.weight", Part::kGloraA2},
    {".b1.weight", Part::kGloraB1},
    {".b2.weight", Part::kGloraB2},
    {".bm.weight", Part::kGloraBm},
    {".oft_blocks", Part::kOftBlocks},
    {".oft_diag", Part::kOftDiagonal},
    {".rescale", Part::kOftRescale},
    {".diff", Part::kDiff},
    {".diff_b", Part::kDiffBias},
    {".set_weight", Part::kSetWeight},
    {".reshape_weight", Part::kReshapeWeight},
    {".w_norm", Part::kNormDiff},
    {".b_norm", Part::kNormBiasDiff},
    {".bias_indices", Part::kSparseBias},
    {".bias_values", Part::kSparseBias},
    {".bias_size", Part::kSparseBias},
    {"_norm.scale", Part::kNormScale},
    {".scale", Part::kScale},
});

struct PrefixRow {
  std::string_view text;
  Prefix prefix;
  std::string_view component;
};

/// Tried in this order, so a prefix stands before every shorter one that it begins with.
constexpr auto kPrefixes = std::to_array<PrefixRow>({
    {"lora_unet_unet_", Prefix::kKohya, "unet"},  // a converter's slip that is met in the wild
    {"lora_unet__", Prefix::kKohya, "unet"},
    {"lora_unet_", Prefix::kKohya, "unet"},
    {"lora_te1_", Prefix::kKohya, "text_encoder"},
    {"lora_te2_", Prefix::kKohya, "text_encoder_2"},
    {"lora_te3_", Prefix::kKohya, "text_encoder_3"},
    {"lora_te_", Prefix::kKohya, "text_encoder"},
    {"lora_prior_unet_", Prefix::kKohya, "unet"},
    {"lora_prior_te_", Prefix::kKohya, "text_encoder"},
    {"lora_transformer_", Prefix::kOneTrainer, "transformer"},
    {"oft_unet_", Prefix::kKohya, "unet"},
    {"oft_te_", Prefix::kKohya, "text_encoder"},
    {"lycoris_", Prefix::kLycoris, ""},
    {"unet.base_model.model.", Prefix::kPeft, "unet"},
    {"transformer.base_model.model.", Prefix::kPeft, "transformer"},
    {"text_encoder.base_model.model.", Prefix::kPeft, "text_encoder"},
    {"base_model.model.", Prefix::kPeft, ""},
    {"unet.", Prefix::kComponent, "unet"},
    {"transformer.", Prefix::kComponent, "transformer"},
    {"transformer_2.", Prefix::kComponent, "transformer_2"},
    {"text_encoder.", Prefix::kComponent, "text_encoder"},
    {"text_encoder_2.", Prefix::kComponent, "text_encoder_2"},
    {"text_encoder_3.", Prefix::kComponent, "text_encoder_3"},
    {"model.diffusion_model.", Prefix::kComfy, ""},
    {"diffusion_model.", Prefix::kComfy, ""},
    {"text_encoders.clip_l.transformer.", Prefix::kComfy, "text_encoder"},
    {"text_encoders.clip_l.", Prefix::kComfy, "text_encoder"},
    {"text_encoders.clip_g.transformer.", Prefix::kComfy, "text_encoder_2"},
    {"text_encoders.clip_g.", Prefix::kComfy, "text_encoder_2"},
    {"text_encoders.t5xxl.transformer.", Prefix::kComfy, "text_encoder_3"},
    {"text_encoders.t5xxl.", Prefix::kComfy, "text_encoder_3"},
    {"text_encoders.", Prefix::kComfy, "text_encoder"},
});

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

void take_prefix(TensorName& name) {
  for (const PrefixRow& row : kPrefixes) {
    if (starts_with(name.module, row.text)) {
      name.prefix = row.prefix;
      name.component = row.component;
      name.module.remove_prefix(row.text.size());
      return;
    }
  }
}

/// cloneofsimo's first format: "unet:17:down" counts the layers instead of naming them.
std::optional<TensorName> parse_indexed(std::string_view name) {
  TensorName result;
  result.prefix = Prefix::kIndexed;
  for (const std::string_view component : {"unet", "text_encoder"}) {
    if (starts_with(name, component) && name.size() > component.size() &&
        name[component.size()] == ':') {
      result.component = component;
      name.remove_prefix(component.size() + 1);
    }
  }
  const std::size_t colon = name.find(':');
  if (result.component.empty() || colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  result.module = name.substr(0, colon);
  const std::string_view part = name.substr(colon + 1);
  if (part != "up" && part != "down") {
    return std::nullopt;
  }
  result.part = part == "up" ? Part::kUp : Part::kDown;
  return result;
}

/// "double_blocks.0.processor.qkv_lora1.down.weight": the number says image or text stream, so it
/// stays in the module.
std::optional<TensorName> parse_xlabs(std::string_view name) {
  TensorName result;
  result.style = PartStyle::kXlabs;
  constexpr std::string_view kDownEnd = ".down.weight";
  constexpr std::string_view kUpEnd = ".up.weight";
  if (ends_with(name, kDownEnd)) {
    result.part = Part::kDown;
    result.module = name.substr(0, name.size() - kDownEnd.size());
  } else if (ends_with(name, kUpEnd)) {
    result.part = Part::kUp;
    result.module = name.substr(0, name.size() - kUpEnd.size());
  }
  if (!ends_with(result.module, "_lora1") && !ends_with(result.module, "_lora2")) {
    return std::nullopt;
  }
  take_prefix(result);
  return result;
}

}  // namespace

std::optional<TensorName> parse_tensor_name(std::string_view name) {
  for (const Suffix& suffix : kSuffixes) {
    if (ends_with(name, suffix.text) && name.size() > suffix.text.size()) {
      TensorName result;
      result.part = suffix.part;
      result.style = suffix.style;
      // A norm's scale keeps "…_norm" in its path: query_norm and key_norm are two layers.
      const std::size_t cut =
          suffix.part == Part::kNormScale ? std::string_view(".scale").size() : suffix.text.size();
      result.module = name.substr(0, name.size() - cut);
      take_prefix(result);
      return result.module.empty() ? std::nullopt : std::optional(result);
    }
  }
  if (const std::optional<TensorName> xlabs = parse_xlabs(name)) {
    return xlabs;
  }
  return parse_indexed(name);
}

std::optional<TensorName> parse_ia3_weight(std::string_view name) {
  constexpr std::string_view kWeight = ".weight";
  if (!ends_with(name, kWeight) || name.size() == kWeight.size()) {
    return std::nullopt;
  }
  TensorName result;
  result.part = Part::kIa3Weight;
  result.module = name.substr(0, name.size() - kWeight.size());
  take_prefix(result);
  return result;
}

std::optional<TensorName> parse_control_name(std::string_view name) {
  for (const Suffix& suffix : {Suffix{".down", Part::kDown}, Suffix{".up", Part::kUp}}) {
    if (ends_with(name, suffix.text) && name.size() > suffix.text.size()) {
      TensorName result;
      result.part = suffix.part;
      result.module = name.substr(0, name.size() - suffix.text.size());
      return result;
    }
  }
  return std::nullopt;
}

}  // namespace stylus::weights
