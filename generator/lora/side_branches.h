#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generator/lora/layer_slot.h"

namespace stylus::generator {

/// One adapter's stackable update of a layer in a side branch. `adapter` indexes the set.
struct BranchPart {
  const LayerFactors* factors = nullptr;
  std::size_t adapter = 0;
  double weight = 1;  ///< Without the per-image and per-step factors.
};

/// All branches of one layer; never empty.
struct SlotBranch {
  LayerSlot* slot = nullptr;
  std::vector<BranchPart> parts;
};

/// Factors on the adapters of a set: [rows x adapters], one row for all images or one per image.
/// The whole table stands `repeats` times below itself in the batch (guidance).
struct BranchFactors {
  std::span<const std::vector<double>> rows;
  std::int64_t repeats = 1;
};

/// Sets the layer's side branch: stacked factors in the weight's type on its device.
void set_branch(const SlotBranch& branch, const BranchFactors& factors);

/// Writes other scales into the branch that set_branch made of the same parts; same storage when
/// the number of rows is the same.
void rescale_branch(const SlotBranch& branch, const BranchFactors& factors);

}  // namespace stylus::generator
