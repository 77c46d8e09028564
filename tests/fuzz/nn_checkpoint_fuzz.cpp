// The header of a single-file checkpoint whose names and shapes the fuzzer chooses among those of
// the original code: sorted into parts, renamed, sizes read off the shapes, checked. Only Error may
// come out.
#include <c10/core/InferenceMode.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "nn/checkpoint.h"
#include "support/error.h"

namespace {

using namespace stylus::nn;

constexpr auto kPrefixes = std::to_array<std::string_view>(
    {"model.diffusion_model.", "", "first_stage_model.", "vae.", "cond_stage_model.transformer.",
     "conditioner.embedders.0.transformer.", "cond_stage_model.model.",
     "conditioner.embedders.1.model.", "model_ema."});
constexpr auto kModules =
    std::to_array<std::string_view>({"input_blocks.",
                                     "output_blocks.",
                                     "middle_block.",
                                     "time_embed.0",
                                     "label_emb.0.0",
                                     "out.2",
                                     "encoder.down.",
                                     "decoder.up.",
                                     "encoder.mid.block_1.conv1",
                                     "decoder.mid.attn_1.q",
                                     "encoder.conv_in",
                                     "decoder.conv_out",
                                     "quant_conv",
                                     "post_quant_conv",
                                     "text_model.embeddings.token_embedding",
                                     "text_model.embeddings.position_embedding",
                                     "text_model.encoder.layers.",
                                     "embeddings.token_embedding",
                                     "encoder.layers.",
                                     "token_embedding",
                                     "positional_embedding",
                                     "text_projection",
                                     "ln_final",
                                     "transformer.resblocks."});
constexpr auto kInner = std::to_array<std::string_view>({"",
                                                         ".0.in_layers.2",
                                                         ".0.op",
                                                         ".1.conv",
                                                         ".1.proj_in",
                                                         ".1.transformer_blocks.",
                                                         ".0.attn2.to_k",
                                                         ".2.conv",
                                                         ".block.",
                                                         ".conv1",
                                                         ".nin_shortcut",
                                                         ".downsample.conv",
                                                         ".upsample.conv",
                                                         ".self_attn.q_proj",
                                                         ".mlp.fc1",
                                                         ".attn.in_proj_weight",
                                                         ".attn.out_proj",
                                                         ".ln_1",
                                                         ".mlp.c_fc",
                                                         ".0.skip_connection",
                                                         ".1.norm"});
constexpr std::array<std::int64_t, 12> kSizes = {0,   1,   3,   4,    8,       9,
                                                 320, 768, 640, 1280, 1 << 20, 1LL << 40};

void add_tensor(FuzzedDataProvider& input, StoredTensors& file) {
  std::string name(input.PickValueInArray(kPrefixes));
  const std::string_view module = input.PickValueInArray(kModules);
  name += module;
  if (module.ends_with('.')) {
    name += std::to_string(input.ConsumeIntegralInRange(0, 13));
  }
  for (int i = input.ConsumeIntegralInRange(0, 2); i > 0; --i) {
    const std::string_view inner = input.PickValueInArray(kInner);
    name += inner;
    if (inner.ends_with('.')) {
      name += std::to_string(input.ConsumeIntegralInRange(0, 3));
    }
  }
  constexpr std::array<std::string_view, 3> kEnds = {".weight", ".bias", ""};
  name += input.PickValueInArray(kEnds);
  if (input.ConsumeIntegralInRange(0, 15) == 0) {
    name = input.ConsumeRandomLengthString(40);
  }
  StoredTensor stored;
  stored.tensor.name = name;
  for (int i = input.ConsumeIntegralInRange(0, 4); i > 0; --i) {
    stored.tensor.shape.push_back(input.PickValueInArray(kSizes));
  }
  file.emplace(name, std::move(stored));
}

void add(StoredTensors& file, const char* name, std::vector<std::int64_t> shape) {
  StoredTensor stored;
  stored.tensor.name = name;
  stored.tensor.shape = std::move(shape);
  file.emplace(name, std::move(stored));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const c10::InferenceMode guard;
  FuzzedDataProvider input(data, size);
  StoredTensors file;
  if (input.ConsumeIntegralInRange(0, 7) != 0) {  // what every checkpoint has
    add(file, "model.diffusion_model.input_blocks.0.0.weight", {320, 4, 3, 3});
    add(file, "first_stage_model.encoder.conv_in.weight", {128, 3, 3, 3});
    add(file,
        input.ConsumeBool()
            ? "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
            : "cond_stage_model.model.token_embedding.weight",
        {49408, 768});
  }
  std::map<std::string, std::string> metadata;
  metadata["modelspec.prediction_type"] = input.ConsumeRandomLengthString(8);
  for (int i = 0; i < 60 && input.remaining_bytes() > 0; ++i) {
    add_tensor(input, file);
  }
  try {
    check_checkpoint(sort_single_file(file, metadata, "fuzz"));
  } catch (const stylus::Error&) {
    return 0;  // no fuzzer finds all 686 tensors of a UNet
  }
  return 0;
}
