// Any bytes as a config.json of a model part (the first byte says which). What is accepted must be
// a model that can be checked against a file: an empty one lacks its tensors, which is an Error,
// whatever sizes the config names.
#include <c10/core/InferenceMode.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "nn/clip_text.h"
#include "nn/clip_vision.h"
#include "nn/config.h"
#include "nn/siglip_text.h"
#include "nn/unet.h"
#include "nn/vae.h"
#include "support/error.h"
#include "support/json.h"

namespace {

using namespace stylus::nn;

template <typename Model, typename Config>
void check_against_nothing(const Config& config) {
  try {
    check_model<Model>(config, StoredTensors{}, "fuzz");
  } catch (const stylus::Error&) {
    return;
  }
  std::abort();  // a model without a single tensor
}

void read(unsigned kind, const nlohmann::json& json) {
  switch (kind % 5) {
    case 0:
      return check_against_nothing<ClipText>(read_clip_text_config(json, "fuzz"));
    case 1:
      return check_against_nothing<ClipVision>(read_clip_vision_config(json, "fuzz"));
    case 2:
      return check_against_nothing<SiglipText>(read_siglip_text_config(json, "fuzz"));
    case 3:
      return check_against_nothing<UNet>(read_unet_config(json, "fuzz"));
    default:
      return check_against_nothing<Vae>(read_vae_config(json, "fuzz"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const c10::InferenceMode guard;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    read(data[0], stylus::parse_json(text, "fuzz"));
  } catch (const stylus::Error&) {
    return 0;  // refused, as it should be
  }
  return 0;
}
