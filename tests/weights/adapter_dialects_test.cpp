// Every naming dialect and base family of formats-and-protocols 1.4 to 1.9, from names and shapes
// written here. One row is one small adapter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/error_code_of.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"
#include "weights/base_family.h"
#include "weights/recogniser.h"

namespace stylus::weights {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Shape = std::vector<std::int64_t>;
using Metadata = std::map<std::string, std::string>;

/// Names and shapes without values, as a table.
class Names {
 public:
  Names& add(const std::string& name, const Shape& shape) {
    tensors_.push_back({name, DType::kF16, shape, {}});
    return *this;
  }
  /// A rank-4 pair under the two given part spellings.
  Names& pair(const std::string& stem, std::int64_t inputs, std::int64_t outputs,
              const std::string& down = ".lora_down.weight",
              const std::string& up = ".lora_up.weight") {
    return add(stem + down, {4, inputs}).add(stem + up, {outputs, 4});
  }
  [[nodiscard]] AdapterFacts facts(const Metadata& metadata = {}) const {
    return recognise_adapter(tensors_, metadata, {}, "table", NormMode::kSkip);
  }

 private:
  std::vector<Tensor> tensors_;
};

struct Dialect {
  std::string key;  ///< The down factor's whole name.
  std::string up;
  std::int64_t inputs;
  std::string dialect;
  std::string base;
  std::string component;
  std::string module;
};

std::vector<Dialect> dialects() {
  const std::string sd = "down_blocks.1.attentions.0.transformer_blocks.0.";
  const std::string flat = "down_blocks_1_attentions_0_transformer_blocks_0_";
  return {
      {"lora_unet_" + flat + "attn2_to_k.lora_down.weight",
       "lora_unet_" + flat + "attn2_to_k.lora_up.weight", 768, "kohya", "sd15", "unet",
       flat + "attn2_to_k"},
      {"lora_unet__" + flat + "attn2_to_k.lora_down.weight",
       "lora_unet__" + flat + "attn2_to_k.lora_up.weight", 1024, "kohya", "sd2", "unet",
       flat + "attn2_to_k"},
      {"lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_v.lora_down.weight",
       "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_v.lora_up.weight", 2048, "kohya",
       "sdxl", "unet", "input_blocks_4_1_transformer_blocks_0_attn2_to_v"},
      {"lora_unet_" + flat + "attn2_to_v.lora_down.weight",
       "lora_unet_" + flat + "attn2_to_v.lora_up.weight", 128, "kohya", "mini", "unet",
       flat + "attn2_to_v"},
      {"lora_unet_" + flat + "attn1_to_q.lora_down.weight",
       "lora_unet_" + flat + "attn1_to_q.lora_up.weight", 80, "kohya", "mini", "unet",
       flat + "attn1_to_q"},
      {"lora_te_text_model_encoder_layers_2_self_attn_q_proj.lora_down.weight",
       "lora_te_text_model_encoder_layers_2_self_attn_q_proj.lora_up.weight", 128, "kohya", "mini",
       "text_encoder", "text_model_encoder_layers_2_self_attn_q_proj"},
      {"unet." + sd + "attn2.to_k.lora_A.weight", "unet." + sd + "attn2.to_k.lora_B.weight", 2048,
       "diffusers_peft", "sdxl", "unet", sd + "attn2.to_k"},
      {"unet." + sd + "attn2.to_k.lora.down.weight", "unet." + sd + "attn2.to_k.lora.up.weight",
       768, "diffusers", "sd15", "unet", sd + "attn2.to_k"},
      {"unet." + sd + "attn2.processor.to_k_lora.down.weight",
       "unet." + sd + "attn2.processor.to_k_lora.up.weight", 768, "diffusers_attn_procs", "sd15",
       "unet", sd + "attn2.processor.to_k"},
      {sd + "attn2.processor.to_k_lora.down.weight", sd + "attn2.processor.to_k_lora.up.weight",
       1024, "diffusers_attn_procs", "sd2", "unet", sd + "attn2.processor.to_k"},
      {"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down.weight",
       "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight",
       1024, "diffusers", "sd2", "text_encoder", "text_model.encoder.layers.0.self_attn.q_proj"},
      {"lora_te_text_model_encoder_layers_11_self_attn_q_proj.lora_down.weight",
       "lora_te_text_model_encoder_layers_11_self_attn_q_proj.lora_up.weight", 768, "kohya", "sd15",
       "text_encoder", "text_model_encoder_layers_11_self_attn_q_proj"},
      {"lora_te2_text_model_encoder_layers_31_self_attn_out_proj.lora_down.weight",
       "lora_te2_text_model_encoder_layers_31_self_attn_out_proj.lora_up.weight", 1280, "kohya",
       "sdxl", "text_encoder_2", "text_model_encoder_layers_31_self_attn_out_proj"},
      {"base_model.model." + sd + "attn2.to_k.lora_A.weight",
       "base_model.model." + sd + "attn2.to_k.lora_B.weight", 768, "peft", "sd15", "unet",
       sd + "attn2.to_k"},
      {"unet.base_model.model.transformer_blocks.0.attn1.to_q.lora_A.default.weight",
       "unet.base_model.model.transformer_blocks.0.attn1.to_q.lora_B.default.weight", 1152, "peft",
       "pixart", "transformer", "transformer_blocks.0.attn1.to_q"},
      {"lora_prior_unet_down_blocks_0_4_attention_attn_to_k.lora_down.weight",
       "lora_prior_unet_down_blocks_0_4_attention_attn_to_k.lora_up.weight", 2048, "kohya",
       "stable_cascade", "unet", "down_blocks_0_4_attention_attn_to_k"},
      {"lycoris_transformer_blocks_0_attn_to_q.lora_down.weight",
       "lycoris_transformer_blocks_0_attn_to_q.lora_up.weight", 2432, "lycoris", "sd35_large",
       "transformer", "transformer_blocks_0_attn_to_q"},
      {"lora_transformer_single_transformer_blocks_0_attn_to_q.lora_down.weight",
       "lora_transformer_single_transformer_blocks_0_attn_to_q.lora_up.weight", 3072, "onetrainer",
       "flux1", "transformer", "single_transformer_blocks_0_attn_to_q"},
      {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight",
       "lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight", 3072, "kohya", "flux1",
       "transformer", "double_blocks_0_img_attn_qkv"},
      {"double_blocks.0.processor.qkv_lora2.down.weight",
       "double_blocks.0.processor.qkv_lora2.up.weight", 3072, "xlabs", "flux1", "transformer",
       "double_blocks.0.processor.qkv_lora2"},
      {"single_blocks.0.processor.qkv_lora.down.weight",
       "single_blocks.0.processor.qkv_lora.up.weight", 3072, "xlabs", "flux1", "transformer",
       "single_blocks.0.processor.qkv"},
      {"double_blocks.0.img_attn.qkv.lora_A.weight", "double_blocks.0.img_attn.qkv.lora_B.weight",
       3072, "bfl", "flux1", "transformer", "double_blocks.0.img_attn.qkv"},
      {"diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight",
       "diffusion_model.double_blocks.0.img_attn.qkv.lora_B.weight", 6144, "comfyui", "flux2",
       "transformer", "double_blocks.0.img_attn.qkv"},
      {"diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight",
       "diffusion_model.double_blocks.0.img_attn.qkv.lora_B.weight", 4096, "comfyui",
       "flux2_klein_9b", "transformer", "double_blocks.0.img_attn.qkv"},
      {"transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_A.weight",
       "transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj.lora_B.weight", 3072,
       "diffusers_peft", "flux2_klein_4b", "transformer",
       "single_transformer_blocks.0.attn.to_qkv_mlp_proj"},
      {"lora_unet_joint_blocks_0_x_block_attn2_qkv.lora_down.weight",
       "lora_unet_joint_blocks_0_x_block_attn2_qkv.lora_up.weight", 1536, "kohya", "sd35_medium",
       "transformer", "joint_blocks_0_x_block_attn2_qkv"},
      {"lora_unet_joint_blocks_37_context_block_attn_qkv.lora_down.weight",
       "lora_unet_joint_blocks_37_context_block_attn_qkv.lora_up.weight", 2432, "kohya",
       "sd35_large", "transformer", "joint_blocks_37_context_block_attn_qkv"},
      {"diffusion_model.blocks.0.cross_attn.k.lora_A.weight",
       "diffusion_model.blocks.0.cross_attn.k.lora_B.weight", 5120, "comfyui", "wan", "transformer",
       "blocks.0.cross_attn.k"},
      {"lora_unet_blocks_0_self_attn_q.lora_down.weight",
       "lora_unet_blocks_0_self_attn_q.lora_up.weight", 1536, "kohya", "wan_1_3b", "transformer",
       "blocks_0_self_attn_q"},
      {"diffusion_model.blocks.0.cross_attn.k.lora_A.weight",
       "diffusion_model.blocks.0.cross_attn.k.lora_B.weight", 3072, "comfyui", "wan_5b",
       "transformer", "blocks.0.cross_attn.k"},
      {"transformer_2.blocks.0.attn1.to_q.lora_A.weight",
       "transformer_2.blocks.0.attn1.to_q.lora_B.weight", 5120, "diffusers_peft", "wan",
       "transformer_2", "blocks.0.attn1.to_q"},
      {"diffusion_model.double_stream_blocks.0.block.attn1.to_q.lora_A.weight",
       "diffusion_model.double_stream_blocks.0.block.attn1.to_q.lora_B.weight", 2560, "comfyui",
       "hidream", "transformer", "double_stream_blocks.0.block.attn1.to_q"},
      {"diffusion_model.double_layers.0.attn.w2q.lora_A.weight",
       "diffusion_model.double_layers.0.attn.w2q.lora_B.weight", 3072, "comfyui", "auraflow",
       "transformer", "double_layers.0.attn.w2q"},
      {"diffusion_model.layers.0.attention.qkv.lora_A.weight",
       "diffusion_model.layers.0.attention.qkv.lora_B.weight", 3840, "comfyui", "z_image",
       "transformer", "layers.0.attention.qkv"},
      {"lora_unet_layers_0_attention_qkv.lora_down.weight",
       "lora_unet_layers_0_attention_qkv.lora_up.weight", 2304, "kohya", "lumina2", "transformer",
       "layers_0_attention_qkv"},
      {"lora_unet_blocks_0_cross_attn_kv_linear.lora_down.weight",
       "lora_unet_blocks_0_cross_attn_kv_linear.lora_up.weight", 1152, "kohya", "pixart",
       "transformer", "blocks_0_cross_attn_kv_linear"},
      {"diffusion_model.transformer_blocks.0.attn1.to_q.lora_A.weight",
       "diffusion_model.transformer_blocks.0.attn1.to_q.lora_B.weight", 2048, "comfyui", "ltxv",
       "transformer", "transformer_blocks.0.attn1.to_q"},
      {"diffusion_model.double_blocks.0.img_mod.linear.lora_A.weight",
       "diffusion_model.double_blocks.0.img_mod.linear.lora_B.weight", 3072, "comfyui",
       "hunyuan_video", "transformer", "double_blocks.0.img_mod.linear"},
      {"transformer_blocks.0.img_mlp.net.0.proj.lora_A.weight",
       "transformer_blocks.0.img_mlp.net.0.proj.lora_B.weight", 3072, "bare", "qwen_image",
       "transformer", "transformer_blocks.0.img_mlp.net.0.proj"},
      {"blocks.0.attn.qkv_x.lora_A", "blocks.0.attn.qkv_x.lora_B", 3072, "bare", "mochi",
       "transformer", "blocks.0.attn.qkv_x"},
  };
}

TEST(AdapterDialectsTest, EachSpellingIsRead) {
  for (const Dialect& row : dialects()) {
    const AdapterFacts facts =
        Names().add(row.key, {4, row.inputs}).add(row.up, {row.inputs, 4}).facts();

    EXPECT_EQ(facts.kind, "lora") << row.key;
    EXPECT_EQ(facts.algorithm, "lora") << row.key;
    EXPECT_EQ(facts.dialect, row.dialect) << row.key;
    EXPECT_EQ(facts.base, row.base) << row.key;
    EXPECT_EQ(facts.rank, 4) << row.key;
    EXPECT_EQ(facts.alpha, 4) << row.key;
    EXPECT_THAT(facts.unknown_keys, IsEmpty()) << row.key;
    ASSERT_EQ(facts.targets.size(), 1U) << row.key;
    EXPECT_EQ(facts.targets[0].component, row.component) << row.key;
    EXPECT_EQ(facts.targets[0].name, row.module) << row.key;
    for (const std::string& family : facts.base_candidates) {
      EXPECT_EQ(base_family(family), family) << row.key << " has a candidate that is no family";
    }
  }
}

TEST(AdapterDialectsTest, CountsTheModulesOfAWholeKohyaFile) {
  Names names;
  const auto attention_block = [&](const std::string& path) {
    for (const char* layer : {"proj_in", "proj_out"}) {
      names.add("lora_unet_" + path + "_" + layer + ".lora_down.weight", {4, 320, 1, 1})
          .add("lora_unet_" + path + "_" + layer + ".lora_up.weight", {320, 4, 1, 1});
    }
    for (const char* layer : {"attn1_to_q", "attn1_to_k", "attn1_to_v", "attn1_to_out_0",
                              "attn2_to_q", "attn2_to_out_0", "ff_net_0_proj", "ff_net_2"}) {
      names.pair("lora_unet_" + path + "_transformer_blocks_0_" + layer, 320, 320);
    }
    for (const char* layer : {"attn2_to_k", "attn2_to_v"}) {
      names.pair("lora_unet_" + path + "_transformer_blocks_0_" + layer, 768, 320);
    }
  };
  for (const int block : {0, 1, 2}) {
    for (const int layer : {0, 1}) {
      attention_block("down_blocks_" + std::to_string(block) + "_attentions_" +
                      std::to_string(layer));
    }
    for (const int layer : {0, 1, 2}) {
      attention_block("up_blocks_" + std::to_string(block + 1) + "_attentions_" +
                      std::to_string(layer));
    }
  }
  attention_block("mid_block_attentions_0");
  for (int layer = 0; layer < 12; ++layer) {
    for (const char* part : {"self_attn_q_proj", "self_attn_k_proj", "self_attn_v_proj",
                             "self_attn_out_proj", "mlp_fc1", "mlp_fc2"}) {
      names.pair("lora_te_text_model_encoder_layers_" + std::to_string(layer) + "_" + part, 768,
                 768);
    }
  }

  const AdapterFacts facts = names.facts();

  EXPECT_EQ(facts.targets.size(), 264U);
  EXPECT_EQ(facts.base, "sd15");
  EXPECT_EQ(std::count_if(facts.targets.begin(), facts.targets.end(),
                          [](const Target& target) { return target.is_conv; }),
            32);
}

TEST(AdapterDialectsTest, EveryAlgorithmIsRecognised) {
  struct Row {
    std::string algorithm;
    std::int64_t rank;
    bool is_conv;
    bool is_dora;
    std::vector<std::pair<std::string, Shape>> parts;
  };
  const std::vector<Row> rows = {
      {"lora",
       8,
       true,
       false,
       {{"lora_down.weight", {8, 4, 1, 1}},
        {"lora_mid.weight", {8, 8, 3, 3}},
        {"lora_up.weight", {6, 8, 1, 1}},
        {"alpha", {}}}},
      {"lora",
       2,
       false,
       true,
       {{"lora_A.weight", {2, 4}}, {"lora_B.weight", {6, 2}}, {"lora_magnitude_vector", {6}}}},
      {"lora",
       2,
       false,
       true,
       {{"lora_down.weight", {2, 4}}, {"lora_up.weight", {6, 2}}, {"dora_scale", {6, 1}}}},
      {"loha",
       3,
       false,
       false,
       {{"hada_w1_a", {6, 3}},
        {"hada_w1_b", {3, 4}},
        {"hada_w2_a", {6, 3}},
        {"hada_w2_b", {3, 4}},
        {"alpha", {1}}}},
      {"loha",
       3,
       true,
       false,
       {{"hada_t1", {3, 3, 3, 3}},
        {"hada_t2", {3, 3, 3, 3}},
        {"hada_w1_a", {3, 6}},
        {"hada_w1_b", {3, 4}},
        {"hada_w2_a", {3, 6}},
        {"hada_w2_b", {3, 4}}}},
      {"lokr", 0, false, false, {{"lokr_w1", {2, 2}}, {"lokr_w2", {3, 2}}, {"alpha", {}}}},
      {"lokr",
       5,
       false,
       false,
       {{"lokr_w1", {2, 2}}, {"lokr_w2_a", {3, 5}}, {"lokr_w2_b", {5, 2}}}},
      {"lokr",
       4,
       false,
       false,
       {{"lokr_w1_a", {2, 4}}, {"lokr_w1_b", {4, 2}}, {"lokr_w2", {3, 2}}}},
      {"lokr",
       5,
       true,
       false,
       {{"lokr_w1", {2, 2}},
        {"lokr_t2", {5, 5, 3, 3}},
        {"lokr_w2_a", {5, 3}},
        {"lokr_w2_b", {5, 2}}}},
      {"ia3", 0, false, false, {{"weight", {6}}, {"on_input", {}}}},
      {"glora",
       3,
       false,
       false,
       {{"a1.weight", {4, 3}},
        {"a2.weight", {3, 4}},
        {"b1.weight", {6, 3}},
        {"b2.weight", {3, 4}},
        {"alpha", {}}}},
      {"oft", 0, false, false, {{"oft_blocks", {4, 8, 8}}, {"alpha", {}}}},
      {"oft", 0, false, false, {{"oft_diag", {4, 8, 8}}, {"rescale", {32, 1}}}},
      {"full", 0, false, false, {{"diff", {6, 4}}, {"diff_b", {6}}}},
      {"full", 0, false, false, {{"set_weight", {6, 4}}, {"reshape_weight", {2}}}},
      {"norm", 0, false, false, {{"w_norm", {6}}, {"b_norm", {6}}}},
  };
  for (const Row& row : rows) {
    Names names;
    for (const auto& [part, shape] : row.parts) {
      names.add("lora_unet_mid_block_resnets_0_conv1." + part, shape);
    }
    const AdapterFacts facts = names.facts();

    ASSERT_EQ(facts.targets.size(), 1U) << row.algorithm;
    EXPECT_EQ(facts.targets[0].algorithm, row.algorithm);
    EXPECT_EQ(facts.targets[0].rank, row.rank) << row.algorithm << row.parts.front().first;
    EXPECT_EQ(facts.targets[0].is_conv, row.is_conv) << row.algorithm << row.parts.front().first;
    EXPECT_EQ(facts.targets[0].is_dora, row.is_dora) << row.algorithm;
    EXPECT_THAT(facts.unknown_keys, IsEmpty()) << row.algorithm;
  }
}

Names sdxl_layer() {
  return Names().pair("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048, 640);
}

TEST(AdapterDialectsTest, MetadataChooseAmongFamiliesWithEqualTensors) {
  EXPECT_EQ(sdxl_layer().facts().base, "sdxl");
  EXPECT_THAT(sdxl_layer().facts().base_candidates,
              ElementsAre("sdxl", "pony", "illustrious", "noobai"));
  EXPECT_EQ(sdxl_layer().facts({{"ss_sd_model_name", "ponyDiffusionV6XL_v6.safetensors"}}).base,
            "pony");
  EXPECT_EQ(sdxl_layer().facts({{"ss_sd_model_name", "Illustrious-XL-v0.1.safetensors"}}).base,
            "illustrious");
  EXPECT_EQ(sdxl_layer().facts({{"ss_sd_model_name", "noobaiXLNAIXL_vPred10.safetensors"}}).base,
            "noobai");
  EXPECT_EQ(sdxl_layer().facts({{"ss_tag_frequency", R"({"10_x":{"score_9":12}})"}}).base, "pony");
  EXPECT_EQ(
      sdxl_layer().facts({{"modelspec.architecture", "stable-diffusion-xl-v1-base/lora"}}).base,
      "sdxl");
  EXPECT_EQ(sdxl_layer().facts({{"ss_base_model_version", "ssd_1b"}}).base, "ssd_1b");
  const Names flux = Names().pair("lora_unet_double_blocks_0_img_attn_qkv", 3072, 9216);
  EXPECT_EQ(flux.facts({{"ss_base_model_version", "chroma"}}).base, "chroma");
}

TEST(AdapterDialectsTest, TensorsOverruleMetadataAndSaySo) {
  const AdapterFacts facts = sdxl_layer().facts({{"ss_base_model_version", "sd_v1"}});

  EXPECT_EQ(facts.base, "sdxl");
  EXPECT_THAT(facts.warnings, Contains(HasSubstr("the metadata say sd15")));
}

TEST(AdapterDialectsTest, MetadataSpeakAloneWhereTensorsSayNothing) {
  const Names odd = Names().pair("lora_unet_strange_module", 17, 17);

  EXPECT_EQ(odd.facts().base, "");
  EXPECT_THAT(odd.facts().base_candidates, IsEmpty());
  EXPECT_EQ(odd.facts({{"ss_base_model_version", "flux1"}}).base, "flux1");
  EXPECT_EQ(odd.facts({{"ss_base_model_version", "stylus_mini"}}).base, "mini");
}

TEST(AdapterDialectsTest, UnexplainedAndBrokenTensorsAreReported) {
  const AdapterFacts facts =
      sdxl_layer()
          .add("some.other.tensor", {3})
          .add("lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", {6, 4})
          .add("lora_unet_mid_block_attentions_0_proj_out.lora_up.weight", {6, 4})
          .add("lora_unet_mid_block_attentions_0_proj_out.lora_down.weight", {5, 6})
          .facts();

  EXPECT_EQ(facts.targets.size(), 1U);
  EXPECT_EQ(facts.unknown_keys.size(), 4U);
  EXPECT_THAT(facts.warnings,
              AllOf(Contains(HasSubstr("'mid_block_attentions_0_proj_in' is incomplete")),
                    Contains(HasSubstr("up [6, 4] does not fit down [5, 6]")),
                    Contains(HasSubstr("4 tensors are not explained"))));
}

TEST(AdapterDialectsTest, TokenVectorsInABundleAreNoLayers) {
  const AdapterFacts facts = sdxl_layer().add("bundle_emb.mytoken.clip_l", {2, 768}).facts();

  EXPECT_THAT(facts.embeddings, ElementsAre("bundle_emb.mytoken.clip_l"));
  EXPECT_THAT(facts.unknown_keys, IsEmpty());
}

TEST(AdapterDialectsTest, TextualInversionsAreToldByTheirWidths) {
  struct Row {
    std::vector<std::pair<std::string, Shape>> tensors;
    std::string base;
  };
  const std::vector<Row> rows = {
      {{{"emb_params", {4, 768}}}, "sd15"},
      {{{"<token>", {1024}}}, "sd2"},
      {{{"emb_params", {4, 128}}}, "mini"},
      {{{"clip_l", {2, 768}}, {"clip_g", {2, 1280}}}, "sdxl"},
      {{{"clip_l", {2, 768}}, {"t5xxl", {2, 4096}}}, "flux1"},
  };
  for (const Row& row : rows) {
    Names names;
    for (const auto& [name, shape] : row.tensors) {
      names.add(name, shape);
    }
    EXPECT_EQ(names.facts().kind, "textual_inversion");
    EXPECT_EQ(names.facts().base, row.base) << row.tensors.front().first;
  }
}

TEST(AdapterDialectsTest, ControlLorasAreAKindOfTheirOwn) {
  const AdapterFacts flux =
      Names()
          .pair("img_in", 128, 3072, ".lora_A.weight", ".lora_B.weight")
          .pair("double_blocks.0.img_attn.qkv", 3072, 9216, ".lora_A.weight", ".lora_B.weight")
          .add("double_blocks.0.img_attn.norm.key_norm.scale", {128})
          .facts();
  EXPECT_EQ(flux.kind, "control_lora");
  EXPECT_THAT(flux.unknown_keys, IsEmpty());

  const AdapterFacts stability =
      Names()
          .add("lora_controlnet", {0})
          .add("input_blocks.4.1.transformer_blocks.0.attn2.to_k.down", {4, 2048})
          .add("input_blocks.4.1.transformer_blocks.0.attn2.to_k.up", {640, 4})
          .add("zero_convs.0.0.weight", {320, 320, 1, 1})
          .facts();
  EXPECT_EQ(stability.kind, "control_lora");
  EXPECT_EQ(stability.dialect, "stability_control");
  EXPECT_EQ(stability.base, "sdxl");
  EXPECT_EQ(stability.targets.size(), 1U);
  EXPECT_THAT(stability.unknown_keys, IsEmpty());
}

TEST(AdapterDialectsTest, WhatIsNoAdapterIsNamedAndRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"model.diffusion_model.input_blocks.0.0.weight", "a whole checkpoint"},
      {"control_model.input_blocks.0.0.weight", "a ControlNet"},
      {"image_proj.proj.weight", "an IP-Adapter"},
      {"decoder.up.0.block.0.conv1.weight", "a VAE"},
      {"text_model.encoder.layers.0.mlp.fc1.weight", "a text encoder"},
      {"double_blocks.0.img_attn.qkv.weight", "a whole transformer"},
      {"anything", "no known adapter format"},
  };
  for (const auto& [name, says] : cases) {
    const auto read = [&] { return Names().add(name, {7, 7}).facts(); };
    EXPECT_EQ(error_code_of(read), ErrorCode::kUnsupported) << name;
    EXPECT_THAT(error_message_of(read), HasSubstr(says)) << name;
  }
  EXPECT_EQ(error_code_of([] { return Names().facts(); }), ErrorCode::kUnsupported);
  const auto lone = [] { return Names().add("lora_unet_x.lora_up.weight", {2, 2}).facts(); };
  EXPECT_THAT(error_message_of(lone), HasSubstr("is incomplete"));
}

}  // namespace
}  // namespace stylus::weights
