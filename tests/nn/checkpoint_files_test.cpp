// Checkpoints on disk: a folder and a single file with the weights of the goldens.
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nn/checkpoint.h"
#include "tests/error_code_of.h"
#include "tests/nn/golden.h"
#include "tests/temp_dir.h"
#include "tests/weights/safetensors_builder.h"

namespace stylus::nn {
namespace {

using testing::HasSubstr;
using weights::SafetensorsBuilder;

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string bytes_of(const StoredTensors& tensors) {
  SafetensorsBuilder builder;
  for (const auto& [name, stored] : tensors) {
    builder.add(
        name, std::string(weights::dtype_name(stored.tensor.dtype)), stored.tensor.shape,
        {reinterpret_cast<const char*>(stored.tensor.bytes.data()), stored.tensor.bytes.size()});
  }
  return builder.bytes();
}

/// A diffusers folder out of the goldens: UNet and text encoder of 16 numbers, VAE.
class Folder {
 public:
  Folder() {
    write_text(root_ / "model_index.json", R"({"_class_name": "StableDiffusionPipeline"})");
    write_text(root_ / "scheduler/scheduler_config.json",
               R"({"prediction_type": "v_prediction", "beta_schedule": "scaled_linear"})");
    write_text(root_ / "tokenizer/vocab.json", "{}");
    write_part("unet", "diffusion_pytorch_model", Golden("unet_sd15"));
    write_part("vae", "diffusion_pytorch_model", Golden("vae"));
    write_part("text_encoder", "model", Golden("clip_text_l"));
  }

  void write_part(const std::string& part, const std::string& stem, const Golden& golden) {
    write_text(root_ / (part + "/config.json"), golden.config().dump());
    write_text(root_ / (part + "/" + stem + ".safetensors"), bytes_of(golden.weights()));
  }
  [[nodiscard]] const std::filesystem::path& path() const { return root_.path(); }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return root_ / name;
  }
  [[nodiscard]] std::string refusal() const {
    return error_message_of([&] { return load_checkpoint(path()); });
  }

 private:
  TempDir root_;
};

TEST(DiffusersFolder, LoadsAndComputesWhatTheReferenceDoes) {
  const Folder folder;
  const std::unique_ptr<Checkpoint> checkpoint = load_checkpoint(folder.path());
  EXPECT_EQ(checkpoint->parts.base, "sd15");
  EXPECT_EQ(checkpoint->parts.prediction, "v_prediction");
  EXPECT_EQ(checkpoint->parts.tokenizers.size(), 1U);
  ASSERT_EQ(checkpoint->text_encoders.size(), 1U);
  const c10::InferenceMode mode;
  const Golden unet("unet_sd15");
  unet.expect_output("x0", checkpoint->unet->forward(unet.input("sample0"), unet.input("timestep"),
                                                     unet.input("context")));
  const Golden text("clip_text_l");
  text.expect_output("last", checkpoint->text_encoders[0]->forward(text.input("ids")).last);
  const Golden vae("vae");
  vae.expect_output("decoded", checkpoint->vae->decode(vae.input("z")));
}

TEST(DiffusersFolder, TakesTheCallersPrediction) {
  const Folder folder;
  CheckpointOptions options;
  options.prediction = "epsilon";
  const std::unique_ptr<Checkpoint> checkpoint = load_checkpoint(folder.path(), options);
  EXPECT_EQ(checkpoint->parts.prediction, "epsilon");
  EXPECT_THAT(checkpoint->parts.scheduler_config, HasSubstr(R"("prediction_type":"epsilon")"));
}

TEST(DiffusersFolder, WithDamagedPartsIsRefusedByName) {
  const Folder folder;
  const auto unet = folder / "unet/diffusion_pytorch_model.safetensors";
  std::filesystem::resize_file(unet, std::filesystem::file_size(unet) - 100);
  EXPECT_THAT(folder.refusal(), HasSubstr("diffusion_pytorch_model.safetensors"));
  std::filesystem::remove(unet);
  EXPECT_THAT(folder.refusal(), HasSubstr("no diffusion_pytorch_model.safetensors"));
  write_text(folder / "unet/diffusion_pytorch_model.bin", "pickle");
  EXPECT_THAT(folder.refusal(), HasSubstr("pickle"));
  write_text(unet, bytes_of(Golden("vae").weights()));
  EXPECT_THAT(folder.refusal(), HasSubstr("'conv_in.weight'"));
}

TEST(DiffusersFolder, OfPartsThatDoNotFitIsRefused) {
  Folder folder;
  folder.write_part("unet", "diffusion_pytorch_model", Golden("unet_sdxl"));
  EXPECT_THAT(folder.refusal(), HasSubstr("text_encoder_2"));
  nlohmann::json config = Golden("unet_sd15").config();
  config["cross_attention_dim"] = 24;
  write_text(folder / "unet/config.json", config.dump());
  EXPECT_THAT(folder.refusal(), HasSubstr("different base models"));
}

TEST(DiffusersFolder, OfAnotherKindIsRefusedByWhatItIs) {
  const Folder folder;
  std::filesystem::create_directories(folder / "transformer");
  EXPECT_THAT(folder.refusal(), HasSubstr("FLUX"));
  EXPECT_EQ(error_code_of([] { return load_checkpoint("/nonexistent/model"); }),
            ErrorCode::kNotFound);
  const TempDir empty;
  EXPECT_EQ(error_code_of([&] { return load_checkpoint(empty.path()); }), ErrorCode::kNotFound);
}

/// diffusers' names of the nano UNet and VAE in the original code's, by the table in
/// generation-and-evaluation 2.2, for two layers a block.
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  if (const std::size_t place = text.find(from); place != std::string::npos) {
    text.replace(place, from.size(), to);
  }
  return text;
}

std::string ldm_unet_name(const std::string& name) {
  std::string ldm = name;
  for (int b = 0; b < 4; ++b) {
    const std::string down = "down_blocks." + std::to_string(b) + ".";
    const std::string up = "up_blocks." + std::to_string(b) + ".";
    for (int j = 0; j < 3; ++j) {
      const std::string n = std::to_string(j) + ".";
      const std::string in = "input_blocks." + std::to_string(1 + 3 * b + j);
      const std::string out = "output_blocks." + std::to_string(3 * b + j);
      ldm = replaced(ldm, down + "resnets." + n, in + ".0.");
      ldm = replaced(ldm, down + "attentions." + n, in + ".1.");
      ldm = replaced(ldm, up + "resnets." + n, out + ".0.");
      ldm = replaced(ldm, up + "attentions." + n, out + ".1.");
    }
    ldm = replaced(ldm, down + "downsamplers.0.conv",
                   "input_blocks." + std::to_string(3 * b + 3) + ".0.op");
    ldm = replaced(ldm, up + "upsamplers.0.conv",
                   "output_blocks." + std::to_string(3 * b + 2) + (b == 0 ? ".1.conv" : ".2.conv"));
  }
  const bool is_resnet =
      ldm.find("block") != std::string::npos && ldm.find(".transformer") == std::string::npos;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"mid_block.resnets.0", "middle_block.0"},
           {"mid_block.resnets.1", "middle_block.2"},
           {"mid_block.attentions.0", "middle_block.1"},
           {"time_embedding.linear_1", "time_embed.0"},
           {"time_embedding.linear_2", "time_embed.2"},
           {"conv_norm_out", "out.0"},
           {"conv_out", "out.2"},
           {"conv_in", "input_blocks.0.0"}}) {
    ldm = replaced(ldm, from, to);
  }
  if (is_resnet) {
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {".norm1.", ".in_layers.0."},
             {".conv1.", ".in_layers.2."},
             {".time_emb_proj.", ".emb_layers.1."},
             {".norm2.", ".out_layers.0."},
             {".conv2.", ".out_layers.3."},
             {".conv_shortcut.", ".skip_connection."}}) {
      ldm = replaced(ldm, from, to);
    }
  }
  return "model.diffusion_model." + ldm;
}

std::string ldm_vae_name(const std::string& name) {
  std::string ldm = name;
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i) + ".";
    ldm = replaced(ldm, "down_blocks." + n + "resnets.", "down." + n + "block.");
    ldm = replaced(ldm, "down_blocks." + n + "downsamplers.0.", "down." + n + "downsample.");
    const std::string mirrored = std::to_string(3 - i) + ".";
    ldm = replaced(ldm, "up_blocks." + n + "resnets.", "up." + mirrored + "block.");
    ldm = replaced(ldm, "up_blocks." + n + "upsamplers.0.", "up." + mirrored + "upsample.");
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"mid_block.resnets.0", "mid.block_1"},
           {"mid_block.resnets.1", "mid.block_2"},
           {"mid_block.attentions.0.group_norm", "mid.attn_1.norm"},
           {"mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"},
           {"mid_block.attentions.0.to_", "mid.attn_1."},
           {"conv_shortcut", "nin_shortcut"},
           {"conv_norm_out", "norm_out"}}) {
    ldm = replaced(ldm, from, to);
  }
  return "first_stage_model." + ldm;
}

/// The goldens as a single file of the original code, VAE attention as 1x1 convolutions.
StoredTensors nano_single_file() {
  StoredTensors file;
  const Golden unet("unet_sd15");
  for (const auto& [name, stored] : unet.weights()) {
    file.emplace(ldm_unet_name(name), stored);
  }
  const Golden vae("vae");
  for (const auto& [name, stored] : vae.weights()) {
    StoredTensor changed = stored;
    const std::string ldm = ldm_vae_name(name);
    if (ldm.find("attn_1") != std::string::npos && changed.tensor.shape.size() == 2) {
      changed.tensor.shape.insert(changed.tensor.shape.end(), {1, 1});
    }
    file.emplace(ldm, changed);
  }
  const Golden text("clip_text_l");
  for (const auto& [name, stored] : text.weights()) {
    file.emplace("cond_stage_model.transformer.text_model." + name, stored);
  }
  return file;
}

TEST(SingleFile, ComputesTheSameAsTheFolder) {
  const TempDir folder;
  const auto path = folder / "nano.safetensors";
  write_text(path, bytes_of(nano_single_file()));
  CheckpointParts parts = read_checkpoint_parts(path);
  EXPECT_EQ(parts.base, "sd15");
  EXPECT_EQ(parts.unet_tensors.size(), 686U);
  EXPECT_EQ(parts.unet_config.block_out_channels, (std::vector<std::int64_t>{8, 16, 32, 32}));
  parts.unet_config.heads = {2, 2, 2, 2};  // what shapes do not tell
  parts.unet_config.norm_groups = 4;
  parts.vae_config.norm_groups = 4;
  parts.text_configs[0].heads = 2;
  check_checkpoint(parts);
  const c10::InferenceMode mode;
  const Golden golden("unet_sd15");
  const auto unet = load_model<UNet>(parts.unet_config, parts.unet_tensors, "unet", {});
  golden.expect_output("x1", unet->forward(golden.input("sample1"), golden.input("timestep"),
                                           golden.input("context")));
  const Golden vae_golden("vae");
  const auto vae = load_model<Vae>(parts.vae_config, parts.vae_tensors, "vae", {});
  vae_golden.expect_output("decoded", vae->decode(vae_golden.input("z")));
  vae_golden.expect_output("mean", vae->encode(vae_golden.input("image")).mean);
}

TEST(SingleFile, ThatIsDamagedIsRefusedByName) {
  const TempDir folder;
  const auto path = folder / "nano.safetensors";
  write_text(path, bytes_of(nano_single_file()));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_THAT(error_message_of([&] { return load_checkpoint(path); }),
              HasSubstr("nano.safetensors"));
  write_text(folder / "old.ckpt", std::string("\x80\x02}q", 4));
  EXPECT_EQ(error_code_of([&] { return load_checkpoint(folder / "old.ckpt"); }),
            ErrorCode::kUnsupported);
  write_text(folder / "empty.safetensors", "");
  EXPECT_EQ(error_code_of([&] { return load_checkpoint(folder / "empty.safetensors"); }),
            ErrorCode::kCorruptData);
}

/// transformers' names in OpenCLIP's layout: query, key and value in one, projection transposed.
TEST(SingleFile, ReadsOpenClipTextEncoders) {
  const Golden golden("clip_text_g");
  const TempDir folder;
  std::map<std::string, std::string> joined;
  SafetensorsBuilder builder;
  const auto text = [](const StoredTensor& stored) {
    return std::string(reinterpret_cast<const char*>(stored.tensor.bytes.data()),
                       stored.tensor.bytes.size());
  };
  for (const auto& [name, stored] : golden.weights()) {
    std::string other = replaced(name, "text_model.encoder.layers.", "transformer.resblocks.");
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"text_model.final_layer_norm", "ln_final"},
             {"layer_norm", "ln_"},
             {"self_attn.out_proj", "attn.out_proj"},
             {"mlp.fc1", "mlp.c_fc"},
             {"mlp.fc2", "mlp.c_proj"},

             {"text_model.embeddings.token_embedding", "token_embedding"},
             {"text_model.embeddings.position_embedding.weight", "positional_embedding"}}) {
      other = replaced(other, from, to);
    }
    if (name == "text_projection.weight") {
      const at::Tensor turned = tensor_from(stored.tensor, stored.owner).t().contiguous();
      builder.add("text_projection", "F16", {turned.size(0), turned.size(1)},
                  {static_cast<const char*>(turned.const_data_ptr()), turned.nbytes()});
    } else if (const std::size_t place = other.find("self_attn."); place != std::string::npos) {
      // Names come in the order k, out, q, v; the file wants q, k, v.
      const std::string kind = other.substr(other.rfind('.') + 1);
      joined[other.substr(0, place) + "attn.in_proj_" + kind];
    } else {
      builder.add(other, "F16", stored.tensor.shape, text(stored));
    }
  }
  for (auto& [name, bytes] : joined) {
    const std::string layer = replaced(name.substr(0, name.find("attn.")), "transformer.resblocks.",
                                       "text_model.encoder.layers.");
    const std::string kind = name.substr(name.rfind('_') + 1);
    std::vector<std::int64_t> shape;
    for (const char* letter : {"q", "k", "v"}) {
      const StoredTensor& third =
          golden.weights().at(layer + "self_attn." + letter + "_proj." + kind);
      bytes += text(third);
      shape = third.tensor.shape;
    }
    shape[0] *= 3;
    builder.add(name, "F16", shape, bytes);
  }
  write_text(folder / "g.safetensors", builder.bytes());
  StoredTensors file;
  for (const auto& [name, stored] : read_stored_tensors(folder / "g.safetensors")) {
    file.emplace("conditioner.embedders.1.model." + name, stored);
  }
  file.merge(nano_single_file());
  CheckpointParts parts = sort_single_file(file, {}, "file");
  ASSERT_EQ(parts.text_configs.size(), 2U);
  EXPECT_TRUE(parts.unexpected.empty());
  parts.text_configs[1].heads = 2;
  parts.text_configs[1].eos_token_id = 99;
  const auto model = load_model<ClipText>(parts.text_configs[1], parts.text_tensors[1], "g", {});
  const c10::InferenceMode mode;
  const ClipText::Output output = model->forward(golden.input("ids"));
  golden.expect_output("last", output.last);
  golden.expect_output("projected", output.projected);
}

}  // namespace
}  // namespace stylus::nn
