#include "nn/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/config_reader.h"
#include "support/error.h"

namespace stylus::nn {
namespace {

/// For each block type: has it attention? Error(kUnsupported) for a third type.
std::vector<bool> attention_flags(const std::vector<std::string>& types, const char* plain,
                                  const char* attended, const std::string& what) {
  std::vector<bool> flags;
  for (const std::string& type : types) {
    require(type == plain || type == attended, ErrorCode::kUnsupported, what, ": block type '",
            type.substr(0, 100), "' is not built here, only ", plain, " and ", attended);
    flags.push_back(type == attended);
  }
  return flags;
}

std::int64_t sample_size(const nlohmann::json& json, const ConfigReader& reader,
                         std::int64_t fallback) {
  const auto found = json.find("sample_size");
  if (found != json.end() && found->is_array()) {  // [height, width]
    return reader.counts("sample_size", {}).front();
  }
  return reader.count("sample_size", fallback);
}

}  // namespace

ClipTextConfig ClipTextConfig::open_clip_h() {
  ClipTextConfig config;
  config.hidden_size = 1024;
  config.intermediate_size = 4096;
  config.layers = 23;
  config.heads = 16;
  config.quick_gelu = false;
  config.projection_dim = 512;
  return config;
}

ClipTextConfig ClipTextConfig::open_clip_big_g() {
  ClipTextConfig config;
  config.hidden_size = 1280;
  config.intermediate_size = 5120;
  config.layers = 32;
  config.heads = 20;
  config.quick_gelu = false;
  config.projection_dim = 1280;
  config.has_projection = true;
  return config;
}

UNetConfig UNetConfig::sd2() {
  UNetConfig config;
  config.heads = {5, 10, 20, 20};
  config.cross_attention_dim = {1024, 1024, 1024, 1024};
  config.use_linear_projection = true;
  config.sample_size = 96;
  return config;
}

UNetConfig UNetConfig::sdxl() {
  UNetConfig config;
  config.sample_size = 128;
  config.block_out_channels = {320, 640, 1280};
  config.layers_per_block = {2, 2, 2};
  config.down_attention = {false, true, true};
  config.up_attention = {true, true, false};
  config.heads = {5, 10, 20};
  config.transformer_layers = {1, 2, 10};
  config.cross_attention_dim = {2048, 2048, 2048};
  config.use_linear_projection = true;
  config.has_text_time = true;
  config.addition_time_embed_dim = 256;
  config.projection_class_embeddings_input_dim = 2816;
  return config;
}

UNetConfig UNetConfig::inpainting() const {
  UNetConfig config = *this;
  config.in_channels = 9;
  return config;
}

VaeConfig VaeConfig::sdxl() {
  VaeConfig config;
  config.scaling_factor = 0.13025;
  config.sample_size = 1024;
  return config;
}

std::int64_t VaeConfig::factor() const {
  return std::int64_t{1} << (block_out_channels.size() - 1);
}

ClipTextConfig read_clip_text_config(const nlohmann::json& json, const std::string& what) {
  const bool is_nested = json.is_object() && json.contains("text_config");
  const ConfigReader reader(is_nested ? json["text_config"] : json, what);
  ClipTextConfig config;
  config.vocab_size = reader.count("vocab_size", 49408);
  config.hidden_size = reader.count("hidden_size", 512);
  config.intermediate_size = reader.count("intermediate_size", 2048);
  config.layers = reader.count("num_hidden_layers", 12);
  config.heads = reader.count("num_attention_heads", 8);
  config.max_positions = reader.count("max_position_embeddings", 77);
  config.layer_norm_eps = reader.number("layer_norm_eps", 1e-5);
  config.projection_dim = reader.count("projection_dim", 512);
  config.eos_token_id = reader.count("eos_token_id", 2);
  const std::string act = reader.text("hidden_act", "quick_gelu");
  require(act == "quick_gelu" || act == "gelu", ErrorCode::kUnsupported, what, ": hidden_act is '",
          act.substr(0, 100), "'; stylus knows quick_gelu and gelu");
  config.quick_gelu = act == "quick_gelu";
  const std::vector<std::string> classes = ConfigReader(json, what).texts("architectures", {});
  config.has_projection =
      std::ranges::find(classes, "CLIPTextModelWithProjection") != classes.end();
  require(config.hidden_size % config.heads == 0, ErrorCode::kCorruptData, what, ": hidden_size ",
          config.hidden_size, " is not a multiple of num_attention_heads ", config.heads);
  return config;
}

namespace {

ClipActivation read_activation(const ConfigReader& reader, const char* fallback,
                               const std::string& what) {
  const std::string name = reader.text("hidden_act", fallback);
  require(name == "quick_gelu" || name == "gelu" || name == "gelu_pytorch_tanh",
          ErrorCode::kUnsupported, what, ": hidden_act is '", name.substr(0, 100),
          "'; stylus knows quick_gelu, gelu and gelu_pytorch_tanh");
  return name == "gelu"         ? ClipActivation::kGelu
         : name == "quick_gelu" ? ClipActivation::kQuickGelu
                                : ClipActivation::kGeluTanh;
}

}  // namespace

SiglipTextConfig read_siglip_text_config(const nlohmann::json& json, const std::string& what) {
  const bool is_nested = json.is_object() && json.contains("text_config");
  const ConfigReader reader(is_nested ? json["text_config"] : json, what);
  SiglipTextConfig config;
  config.vocab_size = reader.count("vocab_size", config.vocab_size);
  config.hidden_size = reader.count("hidden_size", config.hidden_size);
  config.intermediate_size = reader.count("intermediate_size", config.intermediate_size);
  config.layers = reader.count("num_hidden_layers", config.layers);
  config.heads = reader.count("num_attention_heads", config.heads);
  config.max_positions = reader.count("max_position_embeddings", config.max_positions);
  config.projection_dim = reader.count("projection_size", config.hidden_size);
  config.layer_norm_eps = reader.number("layer_norm_eps", config.layer_norm_eps);
  config.activation = read_activation(reader, "gelu_pytorch_tanh", what);
  require(config.hidden_size % config.heads == 0, ErrorCode::kCorruptData, what, ": hidden_size ",
          config.hidden_size, " is not a multiple of num_attention_heads ", config.heads);
  return config;
}

ClipVisionConfig read_clip_vision_config(const nlohmann::json& json, const std::string& what) {
  const ConfigReader outer(json, what);
  const bool is_nested = json.contains("vision_config");
  const ConfigReader reader(is_nested ? json["vision_config"] : json, what);
  const std::string type = outer.text("model_type", "clip");
  require(type.starts_with("clip") || type == "siglip" || type == "siglip_vision_model",
          ErrorCode::kUnsupported, what, ": model_type is '", type.substr(0, 100),
          "'; stylus knows the picture towers of clip and siglip");
  ClipVisionConfig config;
  config.is_siglip = type.starts_with("siglip");
  config.channels = reader.count("num_channels", 3);
  config.hidden_size = reader.count("hidden_size", 768);
  config.intermediate_size = reader.count("intermediate_size", 3072);
  config.layers = reader.count("num_hidden_layers", 12);
  config.heads = reader.count("num_attention_heads", 12);
  config.image_size = reader.count("image_size", 224);
  config.patch_size = reader.count("patch_size", config.is_siglip ? 16 : 32);
  config.layer_norm_eps = reader.number("layer_norm_eps", config.is_siglip ? 1e-6 : 1e-5);
  config.projection_dim = config.is_siglip ? config.hidden_size
                          : is_nested      ? outer.count("projection_dim", 512)
                                           : reader.count("projection_dim", 512);
  config.activation =
      read_activation(reader, config.is_siglip ? "gelu_pytorch_tanh" : "quick_gelu", what);
  require(config.hidden_size % config.heads == 0, ErrorCode::kCorruptData, what, ": hidden_size ",
          config.hidden_size, " is not a multiple of num_attention_heads ", config.heads);
  return config;
}

namespace {

void refuse_other_unets(const ConfigReader& reader) {
  reader.allow_only("act_fn", R"("silu")");
  reader.allow_only("downsample_padding", "1");
  reader.allow_only("mid_block_scale_factor", "1");
  reader.allow_only("resnet_time_scale_shift", R"("default")");
  reader.allow_only("resnet_out_scale_factor", "1.0");
  reader.allow_only("time_embedding_type", R"("positional")");
  reader.allow_only("attention_type", R"("default")");
  reader.allow_only("conv_in_kernel", "3");
  reader.allow_only("conv_out_kernel", "3");
  for (const char* key : {"only_cross_attention", "dual_cross_attention", "resnet_skip_time_act",
                          "class_embeddings_concat", "mid_block_only_cross_attention"}) {
    reader.allow_only(key, "false");
  }
  reader.allow_none({"reverse_transformer_layers_per_block", "encoder_hid_dim",
                     "encoder_hid_dim_type", "num_attention_heads", "class_embed_type",
                     "num_class_embeds", "time_embedding_dim", "time_embedding_act_fn",
                     "timestep_post_act", "time_cond_proj_dim", "cross_attention_norm"});
}

}  // namespace

UNetConfig read_unet_config(const nlohmann::json& json, const std::string& what) {
  const ConfigReader reader(json, what);
  refuse_other_unets(reader);
  UNetConfig config;
  config.in_channels = reader.count("in_channels", 4);
  config.out_channels = reader.count("out_channels", 4);
  config.sample_size = sample_size(json, reader, 64);
  config.block_out_channels = reader.counts("block_out_channels", {320, 640, 1280, 1280});
  const std::size_t levels = config.block_out_channels.size();
  config.down_attention = attention_flags(
      reader.texts("down_block_types", {"CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                                        "CrossAttnDownBlock2D", "DownBlock2D"}),
      "DownBlock2D", "CrossAttnDownBlock2D", what);
  config.up_attention = attention_flags(
      reader.texts("up_block_types",
                   {"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"}),
      "UpBlock2D", "CrossAttnUpBlock2D", what);
  require(config.down_attention.size() == levels && config.up_attention.size() == levels,
          ErrorCode::kCorruptData, what, ": block_out_channels has ", levels,
          " levels, down_block_types ", config.down_attention.size(), ", up_block_types ",
          config.up_attention.size());
  const auto mid = json.find("mid_block_type");
  config.has_mid_block = mid == json.end() || !mid->is_null();
  reader.allow_only("mid_block_type", R"("UNetMidBlock2DCrossAttn")");
  config.layers_per_block = reader.counts_of_levels("layers_per_block", 2, levels);
  config.heads = reader.counts_of_levels("attention_head_dim", 8, levels);
  config.transformer_layers = reader.counts_of_levels("transformer_layers_per_block", 1, levels);
  config.cross_attention_dim = reader.counts_of_levels("cross_attention_dim", 1280, levels);
  config.norm_groups = reader.count("norm_num_groups", 32);
  config.norm_eps = reader.number("norm_eps", 1e-5);
  config.use_linear_projection = reader.flag("use_linear_projection", false);
  config.flip_sin_to_cos = reader.flag("flip_sin_to_cos", true);
  config.freq_shift = reader.number("freq_shift", 0);
  config.center_input_sample = reader.flag("center_input_sample", false);
  const std::string added = reader.text("addition_embed_type", "");
  require(added.empty() || added == "text_time", ErrorCode::kUnsupported, what,
          ": addition_embed_type is '", added.substr(0, 100), "'; stylus knows text_time");
  config.has_text_time = added == "text_time";
  if (config.has_text_time) {
    config.addition_time_embed_dim = reader.count("addition_time_embed_dim", 256);
    config.projection_class_embeddings_input_dim =
        reader.count("projection_class_embeddings_input_dim", 2816);
  }
  return config;
}

VaeConfig read_vae_config(const nlohmann::json& json, const std::string& what) {
  const ConfigReader reader(json, what);
  reader.allow_only("act_fn", R"("silu")");
  reader.allow_none({"latents_mean", "latents_std"});
  VaeConfig config;
  config.in_channels = reader.count("in_channels", 3);
  config.out_channels = reader.count("out_channels", 3);
  config.latent_channels = reader.count("latent_channels", 4);
  config.block_out_channels = reader.counts("block_out_channels", {64});
  for (const char* key : {"down_block_types", "up_block_types"}) {
    const char* only = key[0] == 'd' ? "DownEncoderBlock2D" : "UpDecoderBlock2D";
    const std::vector<std::string> types = reader.texts(key, {only});
    require(std::ranges::all_of(types, [&](const std::string& type) { return type == only; }),
            ErrorCode::kUnsupported, what, ": ", key, " holds another type than ", only);
    require(types.size() == config.block_out_channels.size(), ErrorCode::kCorruptData, what, ": ",
            key, " has ", types.size(), " blocks, block_out_channels ",
            config.block_out_channels.size());
  }
  config.layers_per_block = reader.count("layers_per_block", 1);
  config.norm_groups = reader.count("norm_num_groups", 32);
  config.sample_size = sample_size(json, reader, 32);
  config.scaling_factor = reader.number("scaling_factor", 0.18215);
  config.shift_factor = reader.number("shift_factor", 0);
  config.has_quant_conv = reader.flag("use_quant_conv", true);
  config.has_post_quant_conv = reader.flag("use_post_quant_conv", true);
  config.mid_block_attention = reader.flag("mid_block_add_attention", true);
  config.force_upcast = reader.flag("force_upcast", true);
  require(config.scaling_factor > 0, ErrorCode::kCorruptData, what,
          ": scaling_factor is not above 0");
  return config;
}

}  // namespace stylus::nn
