#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "generator/lora/adapter_weights.h"
#include "generator/lora/layer_slot.h"

namespace stylus::generator {

/// Layers of equal shape, merged by one batched product:
///   live [M, O, N] = pristine [M, O, N] + (up * scale) [M, O, R] down [M, R, N]
/// The weights of the layers are views of `live` from construction on, so their storage never
/// changes and CUDA graphs stay valid. SD1.5 has some 12 classes for 192 layers.
/// Source: generation-and-evaluation 11.5.
///
/// Adapters are kept stacked per class on the device, the ones used last up to a number of bytes;
/// layers of a class that an adapter leaves alone hold zeros there.
/// Thread safety: none. All work goes to the current stream.
class LayerClasses {
 public:
  /// Gives every slot that rows_view can show (and that has more than one row) a place in a class
  /// and re-homes its weight. Slots of one class are ordered so that the layers which adapters
  /// change together stand together.
  LayerClasses(std::vector<LayerSlot>& slots, std::int64_t cache_bytes);

  /// Makes `pristine` of the classes of these slots: copies of `live`, which must hold it now.
  /// Slots without a class are passed over.
  void keep_pristine(std::span<const SlotUpdate> updates);

  /// Merges. Updates hold stackable contributions only, whose adapter indexes `adapters`, and slots
  /// with a place in a class, whose pristine values are kept.
  void merge(std::span<const SlotUpdate> updates, std::span<const AdapterPtr> adapters);

  /// Puts pristine values back into the live weights of all classes and frees the second copies.
  void restore_all(std::vector<LayerSlot>& slots);

  /// Lays the low-rank factors of an adapter out by class, page-locked if asked: it then goes to
  /// the device in one copy per class and factor. Requires: the adapter was loaded for these
  /// layers.
  void stack(AdapterWeights& adapter, bool pinned) const;

  [[nodiscard]] std::int64_t resident_bytes() const { return resident_bytes_; }

 private:
  struct LayerClass {
    std::vector<LayerSlot*> members;
    at::Tensor live;
    at::Tensor pristine;  ///< Undefined until the first merge.
  };
  struct Resident {
    AdapterPtr adapter;
    std::vector<StackedFactors> classes;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] const Resident& resident(const AdapterPtr& adapter);
  /// Which layer of a class one low-rank update belongs to.
  struct Placed {
    const LayerSlot* slot;
    std::size_t layer;  ///< Index into AdapterWeights::layers.
  };
  /// The low-rank updates of an adapter by class.
  [[nodiscard]] std::vector<std::vector<Placed>> placed(const AdapterWeights& adapter) const;
  [[nodiscard]] Resident upload(const AdapterPtr& adapter) const;

  /// One class of a merge.
  struct Task {
    std::size_t index = 0;  ///< Of the class.
    std::vector<const SlotUpdate*> updates;
    std::vector<StackedFactors> terms;  ///< Of the adapters that have a part in the class.
    std::vector<std::size_t> term_of;   ///< By adapter; unused where it has no part.
    std::int64_t scales_begin = 0;      ///< Of [M, terms] in the scales of all tasks.
  };
  [[nodiscard]] std::vector<Task> tasks_of(std::span<const SlotUpdate> updates,
                                           std::span<const Resident* const> adapters) const;
  /// The strength of each term in each member, for all tasks, on the CPU.
  [[nodiscard]] at::Tensor scales_of(std::span<const Task> tasks) const;
  void merge_class(const Task& task, const at::Tensor& scales);

  std::vector<LayerClass> classes_;
  std::unordered_map<std::string, LayerSlot*> slot_of_;  ///< component + '\n' + path
  std::list<Resident> resident_;                         ///< Most recent first.
  std::unordered_map<const AdapterWeights*, std::list<Resident>::iterator> by_adapter_;
  std::int64_t cache_bytes_;
  std::int64_t resident_bytes_ = 0;
};

}  // namespace stylus::generator
