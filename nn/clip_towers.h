#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "nn/clip_text.h"
#include "nn/clip_vision.h"
#include "nn/siglip_text.h"

namespace stylus::nn {

/// How pictures are brought to a tower's size and range.
struct ClipPreprocessing {
  std::int64_t size = 224;  ///< The short side, and the side of the square cut from the middle.
  std::string filter = "bicubic";  ///< "bicubic", "bilinear", "lanczos" or "box"; Pillow's.
  bool keeps_shape = true;  ///< false (SigLIP): the whole picture is squeezed into the square.
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> deviation = {0.26862954, 0.26130258, 0.27577711};
};

/// Both towers of a CLIP or SigLIP model: of the two text towers the one that it has.
struct ClipTowers {
  std::unique_ptr<ClipText> text;
  std::unique_ptr<SiglipText> siglip_text;
  /// SigLIP: the logit of a pair is exp(logit_scale) · cosine + logit_bias.
  double logit_scale = 0, logit_bias = 0;
  std::unique_ptr<ClipVision> vision;
  ClipPreprocessing preprocessing;
};

/// Brings a picture tower's names to transformers' old form: "vision_model." in front where it is
/// missing, without position_ids. Names of other parts are left out.
[[nodiscard]] StoredTensors normalised_vision_names(const StoredTensors& tensors);

/// A folder as transformers saves it: config.json, model.safetensors (or its fp16 variant or
/// shards) and, for other than OpenAI's preprocessing, preprocessor_config.json.
///
/// Errors: Error(kNotFound) for missing files, Error(kCorruptData, kUnsupported) for broken ones
///         and for kinds of models that are not built here, naming what was found.
[[nodiscard]] ClipTowers load_clip_towers(const std::filesystem::path& folder,
                                          const TensorOptions& options);

}  // namespace stylus::nn
