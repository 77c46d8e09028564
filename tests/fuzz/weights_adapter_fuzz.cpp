// The recogniser on raw bytes (first byte even) or on a well-formed file whose names, shapes, types
// and contents the fuzzer chooses (first byte odd), so that grouping, base detection and norms are
// reached. Only Error may come out.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "support/error.h"
#include "tests/weights/safetensors_builder.h"
#include "weights/adapter_file.h"
#include "weights/dtype.h"

namespace {

using stylus::weights::DType;

constexpr auto kPrefixes = std::to_array<std::string_view>(
    {"", "lora_unet_", "lora_te_", "lora_te1_", "lora_te2_", "lora_te3_", "lycoris_", "unet.",
     "transformer.", "text_encoder.", "diffusion_model.", "base_model.model.", "lora_transformer_",
     "unet:", "bundle_emb.", "lora_prior_unet_"});
constexpr auto kModules = std::to_array<std::string_view>(
    {"down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", "input_blocks.4.1.proj_in",
     "double_blocks.0.img_attn.qkv", "single_blocks_37_linear1", "transformer_blocks.0.attn.to_q",
     "blocks_0_cross_attn_k", "joint_blocks_0_x_block_attn2_qkv", "layers.0.attention.qkv",
     "text_model.encoder.layers.0.self_attn.q_proj", "img_in", "lora_controlnet", "emb_params",
     "single_transformer_blocks.0.attn.to_qkv_mlp_proj", "0", "clip_l"});
constexpr auto kParts = std::to_array<std::string_view>({".lora_down.weight",
                                                         ".lora_up.weight",
                                                         ".lora_mid.weight",
                                                         ".alpha",
                                                         ".scale",
                                                         ".dora_scale",
                                                         ".lora_A.weight",
                                                         ".lora_B.weight",
                                                         ".lora_B.bias",
                                                         ".hada_w1_a",
                                                         ".hada_w1_b",
                                                         ".hada_w2_a",
                                                         ".hada_w2_b",
                                                         ".hada_t1",
                                                         ".hada_t2",
                                                         ".lokr_w1",
                                                         ".lokr_w1_a",
                                                         ".lokr_w1_b",
                                                         ".lokr_w2",
                                                         ".lokr_w2_a",
                                                         ".lokr_w2_b",
                                                         ".lokr_t1",
                                                         ".lokr_t2",
                                                         ".weight",
                                                         ".on_input",
                                                         ".a1.weight",
                                                         ".a2.weight",
                                                         ".b1.weight",
                                                         ".b2.weight",
                                                         ".oft_blocks",
                                                         ".rescale",
                                                         ".diff",
                                                         ".diff_b",
                                                         ".set_weight",
                                                         ".w_norm",
                                                         ".b_norm",
                                                         ":up",
                                                         ":down",
                                                         ".up",
                                                         ".down",
                                                         ""});
constexpr std::array<std::int64_t, 14> kSizes = {0,   1,   2,    3,    4,    8,       16,
                                                 768, 128, 1024, 2048, 3072, 1 << 20, 1LL << 50};

std::int64_t pick_size(FuzzedDataProvider& input) {
  return input.ConsumeBool()
             ? kSizes[input.ConsumeIntegralInRange<std::size_t>(0, kSizes.size() - 1)]
             : input.ConsumeIntegralInRange<std::int64_t>(0, 9);
}

void add_tensor(FuzzedDataProvider& input, stylus::weights::SafetensorsBuilder& file) {
  std::string name(input.PickValueInArray(kPrefixes));
  name += input.PickValueInArray(kModules);
  name += input.PickValueInArray(kParts);
  const auto dtype =
      static_cast<DType>(input.ConsumeIntegralInRange<int>(0, static_cast<int>(DType::kU64)));
  std::vector<std::int64_t> shape;
  std::uint64_t bits = stylus::weights::dtype_bits(dtype);
  const auto dimensions = input.ConsumeIntegralInRange<std::size_t>(0, 5);
  for (std::size_t i = 0; i < dimensions; ++i) {
    shape.push_back(pick_size(input));
    // Sizes that need no bytes may be as large as they like; others stay small.
    if (__builtin_mul_overflow(bits, static_cast<std::uint64_t>(shape.back()), &bits) ||
        bits > 1 << 14) {
      bits = 0;
      shape.assign({0, shape.back()});
      break;
    }
  }
  std::string bytes = input.ConsumeBytesAsString(
      std::min<std::size_t>(bits / 8, input.ConsumeIntegralInRange<std::size_t>(0, 64)));
  bytes.resize(bits / 8, '\x3c');
  file.add(name, std::string(stylus::weights::dtype_name(dtype)), shape, bytes);
}

void read_built_file(FuzzedDataProvider& input) {
  stylus::weights::SafetensorsBuilder file;
  std::map<std::string, std::string> metadata;
  if (input.ConsumeBool()) {
    metadata["ss_base_model_version"] = input.ConsumeRandomLengthString(20);
    metadata["lora_adapter_metadata"] = input.ConsumeRandomLengthString(100);
    std::erase_if(metadata, [](const auto& entry) { return entry.second.empty(); });
  }
  for (int i = 0; i < 40 && input.remaining_bytes() > 0; ++i) {
    add_tensor(input, file);
  }
  std::string bytes;
  try {
    bytes = file.metadata(metadata).bytes();
  } catch (const nlohmann::json::exception&) {
    return;  // the fuzzer's text is not UTF-8, which the raw mode tries anyway
  }
  (void)stylus::weights::read_adapter_bytes(stylus::weights::as_bytes(bytes), "fuzz input");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  try {
    if (data[0] % 2 == 0) {
      (void)stylus::weights::read_adapter_bytes(std::as_bytes(std::span(data + 1, size - 1)),
                                                "fuzz input");
    } else {
      FuzzedDataProvider input(data + 1, size - 1);
      read_built_file(input);
    }
  } catch (const stylus::Error&) {
    return 0;  // a refusal, as it should be
  }
  return 0;
}
