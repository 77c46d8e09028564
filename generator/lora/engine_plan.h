#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "generator/lora/layer_slot.h"
#include "generator/lora/lora_engine.h"
#include "generator/lora/side_branches.h"

namespace stylus::generator {

/// A set with everything that decides its effect on one part of the model.
struct ActiveSet {
  std::vector<AdapterUse> uses;
  ApplyMode mode = ApplyMode::kMerge;
  std::vector<std::vector<double>> rows;  ///< Factors [rows x uses]; one row for all images.
  std::int64_t repeats = 1;
};

/// True if both have the same effect.
[[nodiscard]] bool is_same(const ActiveSet& a, const ActiveSet& b);

/// A bias that changes: pristine + sum of multiplier * factors->bias.
struct BiasUpdate {
  LayerSlot* slot = nullptr;
  Contributions contributions;
};

/// What has to be done to make a set active.
struct EnginePlan {
  std::vector<SlotUpdate> merges;
  std::vector<BiasUpdate> biases;
  std::vector<SlotBranch> branches;
};

/// Finds slots by component and path. The slots must outlive it and stay where they are.
class SlotIndex {
 public:
  explicit SlotIndex(std::vector<LayerSlot>& slots);
  /// Null where there is none. Cost: two comparisons where `number`, the slot's place, is right.
  [[nodiscard]] LayerSlot* find(const std::string& component, const std::string& path,
                                std::size_t number) const;
  [[nodiscard]] std::size_t number_of(const LayerSlot* slot) const {
    return static_cast<std::size_t>(slot - slots_.data());
  }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }

 private:
  std::vector<LayerSlot>& slots_;
  std::unordered_map<std::string, LayerSlot*> by_key_;
};

/// Sorts a set's updates of the text encoders, or of the rest, into merges and branches.
/// Requires: see LoraEngine::apply and apply_per_image; throws their errors and changes nothing.
[[nodiscard]] EnginePlan plan_set(const ActiveSet& set, const SlotIndex& slots,
                                  bool is_text_encoder);

/// True for "text_encoder", "text_encoder_2", ….
[[nodiscard]] bool is_text_component(const std::string& component);

}  // namespace stylus::generator
