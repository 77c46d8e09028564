#pragma once

#include <atomic>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace stylus::evaluator {

/// One call of the program `stylus-evaluate`: pictures and texts in, feature rows out.
/// Format: docs/formats.md#feature-job
struct FeatureJob {
  std::string kind;                    ///< "clip" or "inception".
  std::filesystem::path model;         ///< clip: folder; inception: safetensors file.
  std::filesystem::path tokenizer;     ///< clip: vocabulary of the text tower; needed for texts.
  std::string resize = "pytorch-fid";  ///< inception: "pytorch-fid" or "clean-fid".
  std::vector<std::filesystem::path> pictures;
  std::vector<std::string> texts;
  std::filesystem::path output;  ///< safetensors: "pictures" [N, D], "texts" [M, D], fp32.
  std::string device = "auto";
  int threads = 0;
  std::size_t batch = 32;  ///< Pictures per pass; a part of the answer's last bits.
};

/// Requires: a job of version 1 within the documented ranges, else Error(kCorruptData), or
///           Error(kUnsupported) for another version.
[[nodiscard]] FeatureJob read_feature_job(std::string_view json);

/// Runs the job; writes the output atomically and one JSON event a line to `events`:
/// {"event": "step", "done", "total"}, then {"event": "done", "width", "pictures", "texts",
/// "truncated"} with the number of texts that were longer than the tower reads; of SigLIP also
/// "sigmoid_scale" and "sigmoid_bias" (see SigmoidScale).
/// Errors: those of the model and of reading pictures; Error(kCancelled) after `cancelled`.
void run_feature_job(const FeatureJob& job, std::ostream& events,
                     const std::atomic<bool>& cancelled);

}  // namespace stylus::evaluator
