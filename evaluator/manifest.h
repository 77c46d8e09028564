#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/run_prompts.h"

namespace stylus::evaluator {

/// The figures that methods are compared by; the manifest's `primary` is one of them.
inline constexpr const char* kClipScore = "clip_score";
inline constexpr const char* kKeywordPresence = "keyword_presence";

/// Who chooses the adapters of a run's pictures.
enum class MethodKind : std::uint8_t {
  kBase,    ///< No adapters.
  kRandom,  ///< Adapters drawn blindly among those that the filter allows.
  kTopK,    ///< The best of the search for the whole prompt.
  kStylus,  ///< `stylus plan`, the local composer.
  kLlm,     ///< `stylus plan --composer llm`.
  kPlans,   ///< Plans out of a file.
};

/// One arm of a run.
struct Method {
  std::string name;
  MethodKind kind = MethodKind::kBase;
  int adapters = 2;  ///< kRandom, kTopK: how many; kStylus, kLlm: at most.
  /// kRandom, kTopK: as many as this method of the run took for the same prompt; "" = `adapters`.
  std::string as_many_as;
  std::filesystem::path plans;  ///< kPlans
  double threshold = -1;        ///< kStylus: see composer::ComposeOptions.
  std::string weights = "budget";
  bool triggers = true;
};

/// What measures the pictures.
struct MetricModels {
  std::string clip = "mini";             ///< "mini", or a folder; "" = none.
  std::filesystem::path clip_tokenizer;  ///< "" = beside the model, else CLIP's own.
  std::filesystem::path inception;       ///< pytorch-fid's weights as safetensors; "" = none.
  std::string inception_resize = "pytorch-fid";
  std::filesystem::path reference;  ///< Folder of real pictures; "" = none.
};

/// A run: everything that decides its pictures and figures. Immutable once a run has begun.
/// Format: docs/formats.md#run
struct Manifest {
  std::string name;
  std::vector<RunPrompt> prompts;
  std::string suffix;  ///< Added to every rendered prompt, whatever the method.
  std::string negative_prompt;
  std::vector<std::string> models;
  std::vector<Method> methods;
  std::vector<double> guidance;
  std::int64_t pictures = 1;  ///< Per prompt, method and guidance.
  std::uint64_t run_seed = 1;
  std::int64_t steps = 0;  ///< 0: the model's own; so are width, height and sampler.
  std::int64_t width = 0, height = 0;
  std::string sampler;
  std::int64_t batch = 16;  ///< Pictures rendered together.
  double hires_scale = 1, hires_strength = 0.7;
  std::string base;  ///< Base family of the adapters; "" = the model's.
  bool allow_nsfw = false, allow_unrated = false, allow_people = false;
  MetricModels metrics;
  std::string primary = kClipScore;  ///< The figure that was named in advance.
  int best_of = 0;                   ///< Report the best of this many pictures too; 0 = not.
  int resamples = 2000;
  int retries = 2;  ///< Of a batch that failed, picture by picture.
};

/// Reads a run file; paths in it are relative to `folder`, and its prompts are read in.
/// Requires: a run of version 1 whose names are known and whose numbers are in range, else
///           Error(kCorruptData or kInvalidArgument) that names the key, Error(kUnsupported) for
///           another version, Error(kNotFound) for a missing prompts file.
[[nodiscard]] Manifest read_manifest(std::string_view json, const std::string& what,
                                     const std::filesystem::path& folder);

/// The whole manifest, prompts included, in one fixed form; reading it gives the same manifest.
[[nodiscard]] std::string manifest_json(const Manifest& manifest);

/// SHA-256 of manifest_json, 64 hex digits: the run's name for machines.
[[nodiscard]] std::string run_id(const Manifest& manifest);

/// The seed of a picture: from run seed, prompt and number alone, so that it is the same for every
/// method and guidance. In [0, 2^32), as other tools take it.
[[nodiscard]] std::int64_t picture_seed(const Manifest& manifest, const std::string& prompt_id,
                                        std::int64_t image);

[[nodiscard]] const char* method_kind_name(MethodKind kind);

}  // namespace stylus::evaluator
