#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stylus::weights {

/// What one tensor contributes to the update of its layer.
/// Letters: O outputs, I inputs, r rank, k k kernel of a convolution.
enum class Part : std::uint8_t {
  kDown,       ///< LoRA: [r, I, k, k]
  kUp,         ///< LoRA: [O, r]
  kMid,        ///< LoCon in CP form: [r, r, k, k]
  kAlpha,      ///< scalar; the update is multiplied by alpha / r
  kScale,      ///< scalar used instead of alpha / r
  kDoraScale,  ///< magnitudes of DoRA
  kUpBias,     ///< added to the bias, [O]
  kHadaW1A,    ///< LoHa
  kHadaW1B,
  kHadaW2A,
  kHadaW2B,
  kHadaT1,
  kHadaT2,
  kLokrW1,  ///< LoKr
  kLokrW1A,
  kLokrW1B,
  kLokrW2,
  kLokrW2A,
  kLokrW2B,
  kLokrT1,
  kLokrT2,
  kIa3Weight,  ///< IA3
  kIa3OnInput,
  kGloraA1,  ///< GLoRA
  kGloraA2,
  kGloraB1,
  kGloraB2,
  kGloraBm,
  kOftBlocks,  ///< OFT and BOFT
  kOftDiagonal,
  kOftRescale,
  kDiff,           ///< full difference of the weight
  kDiffBias,       ///< … of the bias
  kSetWeight,      ///< replaces the weight
  kReshapeWeight,  ///< new shape of the base weight
  kNormDiff,       ///< norm layers: differences of weight and bias
  kNormBiasDiff,
  kNormScale,   ///< control LoRA: replaces the scale of a norm layer
  kSparseBias,  ///< bias_indices, bias_values, bias_size: carried by some old files
  kCount,
};

/// How the file's writer spells prefix and part; decides the dialect.
enum class Prefix : std::uint8_t {
  kNone,
  kKohya,       ///< lora_unet_, lora_te_, …
  kOneTrainer,  ///< lora_transformer_
  kLycoris,     ///< lycoris_
  kComponent,   ///< unet., transformer., text_encoder.
  kComfy,       ///< diffusion_model., text_encoders.
  kPeft,        ///< base_model.model.
  kIndexed,     ///< unet:17:up
};
enum class PartStyle : std::uint8_t {
  kOther,
  kUnderscore,  ///< .lora_down.weight
  kDotted,      ///< .lora.down.weight
  kProcessor,   ///< .processor.to_k_lora.down.weight
  kXlabs,       ///< .processor.qkv_lora1.down.weight
  kLetters,     ///< .lora_A.weight
};

/// A tensor name taken apart. The views point into the name.
struct TensorName {
  Prefix prefix = Prefix::kNone;
  PartStyle style = PartStyle::kOther;
  Part part = Part::kCount;
  std::string_view component;  ///< "unet", "text_encoder_2", …; "" where the prefix does not say.
  std::string_view module;     ///< Path of the layer, in the file's spelling.
};

/// Takes a name apart, or nothing when no known part ends it. Cost: a few table look-ups.
///
/// "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight" is the prefix kKohya, the component
/// "unet", the module "mid_block_attentions_0_proj_in" and the part kUp.
[[nodiscard]] std::optional<TensorName> parse_tensor_name(std::string_view name);

/// The module of an IA3 marker ("….on_input"), whose weight is "<module>.weight": too plain a name
/// to be recognised alone. `name` with the part removed, or nothing.
[[nodiscard]] std::optional<TensorName> parse_ia3_weight(std::string_view name);

/// A factor of Stability's control LoRAs: "input_blocks.1.1.proj_in.up". As plain, so tried only in
/// files that carry their marker.
[[nodiscard]] std::optional<TensorName> parse_control_name(std::string_view name);

}  // namespace stylus::weights
