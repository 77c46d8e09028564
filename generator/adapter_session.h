#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "generator/lora/lora_engine.h"
#include "generator/render_request.h"
#include "nn/checkpoint.h"

namespace stylus::generator {

/// Puts a request's adapters on a model and takes them off again; one for each Generator.
///
/// Pictures with equal masks form a group. The text encoders are changed group by group while their
/// prompts are encoded; the denoiser gets one merge when there is one group, and a side branch with
/// a row per picture otherwise.
/// Thread safety: none.
class AdapterSession {
 public:
  explicit AdapterSession(nn::Checkpoint& model);

  /// Loads the request's adapters; replaces those of the request before.
  /// Errors: see LoraEngine::load; Error(kInvalidArgument) for masks of another length;
  ///         Error(kUnsupported) for LoRA-Switch and LoRA-Composite with more than one group, and
  ///         for LoRA-Composite of adapters that can only be merged.
  void open(const RenderRequest& request);

  /// The groups of pictures with equal masks; one without adapters.
  [[nodiscard]] const std::vector<ImageGroup>& groups() const { return groups_; }

  /// Changes the text encoders for a group; encode its prompts next.
  void use_text_encoders(const ImageGroup& group);

  /// Changes the denoiser for pictures that run together: `rows` are their numbers in the request,
  /// `repeats` 2 with guidance and 1 without.
  /// Error(kInvalidArgument) where updates that can only be merged differ between them
  /// (run such groups one after the other: can_share).
  void use_denoiser(const std::vector<std::size_t>& rows, std::int64_t repeats);

  /// False where these groups cannot run in one batch: adapters that change by step, or that can
  /// only be merged and are not on in all pictures alike.
  [[nodiscard]] bool can_share_batches() const;

  /// Step windows and LoRA-Switch: true when the denoiser changed for this step.
  bool before_step(std::size_t step, std::size_t steps);

  /// Copies of each picture that the UNet's batch holds (LoRA-Composite).
  [[nodiscard]] std::size_t passes() const;

  /// Takes every adapter off: the model is as it was loaded, bit for bit.
  void close();

  /// Of all adapters of the request, used or not.
  [[nodiscard]] const std::vector<AdapterReport>& reports() const { return reports_; }
  [[nodiscard]] LoraEngine& engine() { return engine_; }

 private:
  /// Adapters that no picture uses take no turn of LoRA-Switch and no pass of LoRA-Composite.
  void leave_out_idle();
  [[nodiscard]] std::vector<AdapterUse> uses_of(const std::vector<double>& factors) const;
  [[nodiscard]] bool changes_by_step() const;
  [[nodiscard]] bool differs_in_merged_updates() const;
  [[nodiscard]] std::vector<double> multipliers_at(std::size_t step, std::size_t steps) const;

  LoraEngine engine_;
  std::vector<AdapterUse> set_;
  std::vector<StepWindow> windows_;
  std::vector<AdapterReport> reports_;
  std::vector<std::vector<double>> rows_;  // one per picture
  std::vector<ImageGroup> groups_;
  std::vector<double> active_multipliers_;
  Composition composition_ = Composition::kSum;
  std::size_t switch_period_ = 5;
};

}  // namespace stylus::generator
