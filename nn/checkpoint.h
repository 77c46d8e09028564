#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/clip_text.h"
#include "nn/config.h"
#include "nn/tensor_source.h"
#include "nn/unet.h"
#include "nn/vae.h"

namespace stylus::nn {

/// Everything known of a checkpoint before its weights are read: kinds, numbers, and where each
/// tensor lies. Shared between checking and loading.
struct CheckpointParts {
  std::string what;        ///< For messages: "'model.safetensors'".
  std::string base;        ///< "sd15", "sd2" or "sdxl" (also for small models of that shape).
  std::string prediction;  ///< "epsilon" or "v_prediction".
  bool is_inpainting = false;
  /// JSON text: scheduler/scheduler_config.json of a folder, or the defaults of single files, with
  /// prediction_type (and rescale_betas_zero_snr) filled in.
  std::string scheduler_config;
  /// Folders tokenizer and tokenizer_2 of a diffusers folder; empty for single files, which use
  /// CLIP's own vocabulary.
  std::vector<std::filesystem::path> tokenizers;
  /// SDXL base: an absent negative prompt is zeros, not the encoding of "".
  bool force_zeros_for_empty_prompt = false;

  std::vector<ClipTextConfig> text_configs;  ///< One, or two for SDXL.
  std::vector<StoredTensors> text_tensors;
  UNetConfig unet_config;
  StoredTensors unet_tensors;
  VaeConfig vae_config;
  StoredTensors vae_tensors;
  std::vector<std::string> unexpected;  ///< Names that belong to no part and are not harmless.
};

struct CheckpointOptions {
  TensorOptions tensors;
  /// Default: tensors.dtype, but fp32 in place of fp16 for SDXL, whose VAE overflows.
  std::optional<at::ScalarType> vae_dtype;
  std::optional<std::string> prediction;  ///< Overrides what the checkpoint says.
};

struct Checkpoint {
  CheckpointParts parts;
  std::vector<std::unique_ptr<ClipText>> text_encoders;
  std::unique_ptr<UNet> unet;
  std::unique_ptr<Vae> vae;
};

/// Reads configs and headers of a diffusers folder or of a single safetensors file with the names
/// of the original Stable Diffusion.
///
/// Of single files all widths are read off the shapes. EMA copies, schedules and position_ids are
/// left out.
/// Error(kNotFound) for a missing file by its name; Error(kCorruptData) for a broken one, or for
/// parts that do not fit each other; Error(kUnsupported) that says what it is for another kind of
/// model, a pickle, an adapter.
/// Cost: headers only.
[[nodiscard]] CheckpointParts read_checkpoint_parts(const std::filesystem::path& path);

/// The single-file case, from names and shapes alone.
[[nodiscard]] CheckpointParts sort_single_file(const StoredTensors& file,
                                               const std::map<std::string, std::string>& metadata,
                                               const std::string& what);
/// The folder case.
[[nodiscard]] CheckpointParts read_diffusers_folder(const std::filesystem::path& folder);

/// Brings a text encoder's names to transformers' old form: "text_model." in front where it is
/// missing (transformers from 5.6 on, some merges), without position_ids.
[[nodiscard]] StoredTensors normalised_text_names(const StoredTensors& tensors);

/// Throws Error(kCorruptData) that names missing, unexpected and mismatched tensors.
/// Fills no memory.
void check_checkpoint(const CheckpointParts& parts);

/// read_checkpoint_parts, check_checkpoint, then the models. Error(kUnavailable) out of memory.
[[nodiscard]] std::unique_ptr<Checkpoint> load_checkpoint(const std::filesystem::path& path,
                                                          const CheckpointOptions& options = {});

}  // namespace stylus::nn
