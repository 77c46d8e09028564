#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "generator/lora/adapter_cache.h"
#include "generator/lora/adapter_weights.h"
#include "generator/lora/block_multipliers.h"
#include "generator/lora/key_map.h"

namespace stylus::generator {

/// One adapter of a set.
struct AdapterUse {
  AdapterPtr adapter;  ///< From LoraEngine::load or a merge (adapter_merges.h).
  double weight = 1;   ///< Strength in the UNet; any finite number, 0 is off.
  std::optional<double> text_encoder_weight;  ///< Of all text encoders; `weight` when not given.
  BlockMultipliers blocks;
};

enum class ApplyMode : std::uint8_t {
  kMerge,  ///< Into the weights: no cost per step. Every kind of update.
  /// Beside the weights (nn::SideBranch): costs per step, cheap to change. Updates that have no
  /// such form (all but LoRA and LoCon; biases and norms) are merged all the same.
  kSide,
};

/// Which parts of the model a call changes; the other parts keep what they have.
enum class ApplyScope : std::uint8_t { kAll, kDenoiser, kTextEncoders };

struct LoraEngineOptions {
  std::int64_t cache_bytes = std::int64_t{2} << 30U;         ///< Adapters in host memory.
  std::int64_t device_cache_bytes = std::int64_t{4} << 30U;  ///< … on the GPU, stacked per class.
  double least_coverage = 0.9;                               ///< See AdapterLoadOptions.
  /// Layers of equal shape in one batched product; nothing: on CUDA only.
  std::optional<bool> batched;
};

/// Applies sets of adapters to a model, changes them quickly and removes them without a trace.
///
/// Merging never subtracts: every call computes W = W0 + sum_i m_i s_i up_i down_i from the
/// pristine weights W0, with one product of the stacked factors per layer, accumulated in fp32 and
/// rounded once. With nothing applied the layers hold the pristine weights, bit for bit. Updates
/// that read the base weights (DoRA, replaced weights) read W0, so the order of a set does not
/// matter.
///
/// Memory: on the CPU the pristine weight is the tensor that the layer had (a mapping of the
///         checkpoint stays one) and changed layers get a buffer each, kept for the next set until
///         clear(). Weights that were converted when the checkpoint was read (fp16 in the file,
///         fp32 in memory) need no buffer: the file has the pristine ones. On CUDA the first merge
///         moves the pristine values of touched classes to a second buffer; the live weights keep
///         their storage from construction on, so CUDA graphs stay valid across apply() and
///         clear().
/// Order:  construct the engine after the model is on its device, in its type and memory format.
/// Thread safety: load() and prefetch() from any thread; the rest from one thread at a time, while
///         no forward pass runs.
class LoraEngine {
 public:
  /// The layers must outlive the engine. On CUDA this re-homes their weights into one buffer per
  /// class of equal shape.
  explicit LoraEngine(ComponentLayers components, LoraEngineOptions options = {});
  /// Clears.
  ~LoraEngine();
  LoraEngine(const LoraEngine&) = delete;
  LoraEngine& operator=(const LoraEngine&) = delete;

  /// The adapter out of the cache or the file; see load_adapter for its errors.
  [[nodiscard]] AdapterPtr load(const std::filesystem::path& file);
  void prefetch(const std::filesystem::path& file);

  /// Makes exactly this set active in `scope`; what was active before is gone. An empty set clears.
  ///
  /// Requires: weights are finite, adapters were loaded for this model, else
  ///           Error(kInvalidArgument). Throws before anything is changed; an out-of-memory error
  ///           leaves the model cleared.
  /// Cost:     kMerge: 2 |W| R flop and one read and write of the touched weights.
  void apply(std::span<const AdapterUse> set, ApplyMode mode = ApplyMode::kMerge,
             ApplyScope scope = ApplyScope::kAll);

  /// Gives every row of a batch a set of its own: `rows` [batch x set] are factors on the
  /// weights (a plan's masks: 0 or 1). The batch of a forward pass must be `repeats` * rows.size():
  /// with guidance the unconditional rows come first, then the conditional ones, repeats = 2.
  ///
  /// Updates that can only be merged must have the same factor in all rows, else
  /// Error(kInvalidArgument) that says to group (group_images_by_set).
  void apply_per_image(std::span<const AdapterUse> set,
                       const std::vector<std::vector<double>>& rows, std::int64_t repeats = 1,
                       ApplyScope scope = ApplyScope::kDenoiser);

  /// Changes the strengths of the set that is active in `scope` by one factor per adapter on its
  /// weight: step windows and LoRA-Switch. In side mode only the scales change, in place.
  void set_multipliers(std::span<const double> multipliers,
                       ApplyScope scope = ApplyScope::kDenoiser);

  /// Takes everything off. Ensures: weights, biases bit for bit as they were; no side branches.
  /// Frees the CPU buffers and, on CUDA, the second copies.
  void clear();

  [[nodiscard]] const KeyMap& keys() const;
  /// Grows whenever a weight or a branch changed in the given part: caches of keys and values, of
  /// prompt embeddings and the like belong to one revision.
  [[nodiscard]] std::uint64_t revision(ApplyScope scope) const;
  [[nodiscard]] AdapterCacheStats cache_stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stylus::generator
