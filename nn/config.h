#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace stylus::nn {

/// The numbers of a CLIP text encoder (transformers' CLIPTextConfig).
/// Defaults: CLIP ViT-L/14, as in Stable Diffusion 1 and as SDXL's first encoder.
struct ClipTextConfig {
  std::int64_t vocab_size = 49408;
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t max_positions = 77;
  bool quick_gelu = true;  ///< false: GELU by erf (OpenCLIP).
  double layer_norm_eps = 1e-5;
  std::int64_t projection_dim = 768;
  bool has_projection = false;  ///< CLIPTextModelWithProjection.
  /// As configs say it. 2 is historical and means: the highest id of the vocabulary.
  std::int64_t eos_token_id = 2;

  [[nodiscard]] static ClipTextConfig clip_l() { return {}; }
  /// OpenCLIP ViT-H/14 as Stable Diffusion 2 uses it: 23 of its 24 layers.
  [[nodiscard]] static ClipTextConfig open_clip_h();
  /// OpenCLIP ViT-bigG/14 with projection, SDXL's second encoder.
  [[nodiscard]] static ClipTextConfig open_clip_big_g();
};

enum class ClipActivation : std::uint8_t { kQuickGelu, kGelu, kGeluTanh };

/// The numbers of a CLIP or SigLIP picture tower (transformers' CLIPVisionConfig and
/// SiglipVisionConfig). Defaults: CLIP ViT-L/14.
struct ClipVisionConfig {
  std::int64_t channels = 3;
  std::int64_t hidden_size = 1024;
  std::int64_t intermediate_size = 4096;
  std::int64_t layers = 24;
  std::int64_t heads = 16;
  std::int64_t image_size = 224;
  std::int64_t patch_size = 14;
  std::int64_t projection_dim = 768;  ///< SigLIP has none: its width.
  ClipActivation activation = ClipActivation::kQuickGelu;
  double layer_norm_eps = 1e-5;
  bool is_siglip = false;  ///< No class token, pooling by attention, patches with a bias.
};

/// The numbers of SigLIP's text tower (transformers' SiglipTextConfig). Defaults: SigLIP base.
struct SiglipTextConfig {
  std::int64_t vocab_size = 32000;
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t max_positions = 64;
  std::int64_t projection_dim = 768;
  ClipActivation activation = ClipActivation::kGeluTanh;
  double layer_norm_eps = 1e-6;
};

/// The numbers of a UNet2DConditionModel. All vectors have one entry a resolution level, in the
/// order of the down blocks. Defaults: Stable Diffusion 1.
struct UNetConfig {
  std::int64_t in_channels = 4;  ///< 9: inpainting.
  std::int64_t out_channels = 4;
  std::int64_t sample_size = 64;  ///< Latent pixels the model was trained at.
  std::vector<std::int64_t> block_out_channels = {320, 640, 1280, 1280};
  std::vector<std::int64_t> layers_per_block = {2, 2, 2, 2};
  std::vector<bool> down_attention = {true, true, true, false};  ///< CrossAttnDownBlock2D?
  std::vector<bool> up_attention = {false, true, true, true};    ///< In the order of up blocks.
  bool has_mid_block = true;
  std::vector<std::int64_t> heads = {8, 8, 8, 8};  ///< config.json's `attention_head_dim`.
  std::vector<std::int64_t> transformer_layers = {1, 1, 1, 1};
  std::vector<std::int64_t> cross_attention_dim = {768, 768, 768, 768};
  std::int64_t norm_groups = 32;
  double norm_eps = 1e-5;
  bool use_linear_projection = false;
  bool flip_sin_to_cos = true;
  double freq_shift = 0;
  bool center_input_sample = false;
  bool has_text_time = false;                ///< addition_embed_type "text_time" (SDXL).
  std::int64_t addition_time_embed_dim = 0;  ///< Each of the six time_ids.
  std::int64_t projection_class_embeddings_input_dim = 0;  ///< Pooled text + six embeddings.

  [[nodiscard]] static UNetConfig sd15() { return {}; }
  [[nodiscard]] static UNetConfig sd2();
  [[nodiscard]] static UNetConfig sdxl();
  /// The same with 9 input channels: noisy latents 4, mask 1, masked picture's latents 4.
  [[nodiscard]] UNetConfig inpainting() const;
};

/// The numbers of an AutoencoderKL. Defaults: Stable Diffusion 1 and 2.
struct VaeConfig {
  std::int64_t in_channels = 3;
  std::int64_t out_channels = 3;
  std::int64_t latent_channels = 4;
  std::vector<std::int64_t> block_out_channels = {128, 256, 512, 512};
  std::int64_t layers_per_block = 2;
  std::int64_t norm_groups = 32;
  std::int64_t sample_size = 512;  ///< Pixels; the side of a tile.
  double scaling_factor = 0.18215;
  double shift_factor = 0;
  bool has_quant_conv = true;
  bool has_post_quant_conv = true;
  bool mid_block_attention = true;
  bool force_upcast = true;  ///< Overflows in fp16: run it in fp32 or bf16.

  [[nodiscard]] static VaeConfig sd() { return {}; }
  [[nodiscard]] static VaeConfig sdxl();
  /// Pixels a latent pixel covers: 8 for four levels.
  [[nodiscard]] std::int64_t factor() const;
};

/// Read a config.json of transformers or diffusers. Keys that are not there have the defaults of
/// the Python class (generation-and-evaluation 6.2), not those above.
/// Error(kCorruptData) for values of a wrong type or out of range, Error(kUnsupported) that names
/// the key for a model kind that is not built here; both begin with `what`.
[[nodiscard]] ClipTextConfig read_clip_text_config(const nlohmann::json& json,
                                                   const std::string& what);
/// Of a whole model's config.json (with "vision_config") or a tower's own.
[[nodiscard]] ClipVisionConfig read_clip_vision_config(const nlohmann::json& json,
                                                       const std::string& what);
/// Of a whole SigLIP model's config.json (with "text_config") or the tower's own.
[[nodiscard]] SiglipTextConfig read_siglip_text_config(const nlohmann::json& json,
                                                       const std::string& what);
[[nodiscard]] UNetConfig read_unet_config(const nlohmann::json& json, const std::string& what);
[[nodiscard]] VaeConfig read_vae_config(const nlohmann::json& json, const std::string& what);

}  // namespace stylus::nn
