#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::weights {

/// What an adapter file adds to one layer of the base model.
struct Target {
  std::string name;  ///< Module path in the file's own spelling, prefix and part removed.
  std::string
      component;  ///< "unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3".
  std::string algorithm;  ///< "lora", "loha", "lokr", "ia3", "glora", "oft", "full", "norm".
  std::int64_t rank = 0;  ///< 0 where the algorithm has none.
  double alpha = 0;       ///< As stored; equal to rank when the file stores none.
  bool is_conv = false;
  bool is_dora = false;
  /// Of the whole update at strength 1, bias included. NaN where it was not computed or depends on
  /// the base weights (DoRA, IA3, GLoRA, OFT, replaced weights).
  double frobenius_norm = 0;
  /// Of the part that is simply added: equal to frobenius_norm but for DoRA, where it is the update
  /// before renormalising. NaN where nothing is simply added.
  double additive_norm = 0;
};

/// Everything that can be read off an adapter file without its base model.
struct AdapterFacts {
  std::string kind;  ///< "lora" (all additive low-rank kinds), "textual_inversion", "control_lora".
  /// Naming dialect: "kohya", "diffusers_peft", "diffusers_attn_procs", "peft", "bfl", "xlabs", …
  /// (the whole list is in weights/dialect.h); "textual_inversion" where no layer has a name.
  std::string dialect;
  std::string algorithm;  ///< The one most targets use; see Target.
  std::string base;       ///< Base family slug (weights/base_family.h): "sd15", "sdxl",
                          ///< …; "" unknown.
  /// Families that tensors alone cannot tell apart, likeliest first. `base` is the first of them,
  /// or "" when they are too different to choose (a lone CLIP-L update fits SD 1 and SDXL).
  std::vector<std::string> base_candidates;
  std::string dtype;      ///< Storage type of most parameters: "F16", "BF16", "F32", …
  std::int64_t rank = 0;  ///< Median rank over targets.
  double alpha = 0;       ///< Median alpha over targets.
  std::int64_t parameter_count = 0;
  /// Root of the sum of squares over the targets whose norm is a number; NaN when none is.
  double frobenius_norm = 0;
  std::vector<Target> targets;
  /// The header's __metadata__ as stored; values over 8 MiB are left out with a warning.
  std::map<std::string, std::string> metadata;
  std::vector<std::string> embeddings;    ///< Names of learned token vectors in the file.
  std::vector<std::string> unknown_keys;  ///< Tensor names that no rule explains.
  std::vector<std::string> warnings;      ///< For people: "2 of 24 targets are all zero".
};

/// The hash family of formats-and-protocols 1.2; lower-case hex.
struct FileHashes {
  std::string sha256;  ///< whole file, 64 digits
  std::string autov1;  ///< 8 digits
  std::string autov2;  ///< first 10 of sha256
  std::string autov3;  ///< tensor bytes only, 64 digits; "" unless safetensors
};

enum class NormMode {
  kSkip,     ///< Header and alpha scalars only; norms are NaN.
  kCompute,  ///< Norms from the factors, without forming the product.
};

/// Recognises an adapter file (safetensors) and reads its facts.
///
/// Requires: a well-formed safetensors file, else Error(kCorruptData); a pickle (.pt, .ckpt, .bin)
///           is Error(kUnsupported) with how to convert it, a whole checkpoint or a file that no
///           dialect explains is Error(kUnsupported) that says what it looks like.
/// A PEFT folder's adapter_model.safetensors is read together with the adapter_config.json beside
/// it, which holds its alpha; Error(kCorruptData) when that is no JSON object.
/// Thread safety: free function, no shared state.
/// Cost:     header parse, plus for kCompute one pass over the bytes and, on all threads,
///           O(r^2 (I + O)) per target (weights/update_norm.h for LoHa).
[[nodiscard]] AdapterFacts read_adapter_file(const std::filesystem::path& path,
                                             NormMode norms = NormMode::kCompute);

/// The same for a file that lies in memory; `what` names it in messages.
[[nodiscard]] AdapterFacts read_adapter_bytes(std::span<const std::byte> file,
                                              std::string_view what,
                                              NormMode norms = NormMode::kCompute);

/// Requires: the file can be read, else Error(kNotFound or kIo). Works for any file.
/// Cost: one read of the file.
[[nodiscard]] FileHashes hash_adapter_file(const std::filesystem::path& path);

}  // namespace stylus::weights
