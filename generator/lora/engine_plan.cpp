#include "generator/lora/engine_plan.h"

#include <algorithm>
#include <cmath>

#include "support/error.h"

namespace stylus::generator {
namespace {

std::string slot_key(const std::string& component, const std::string& path) {
  return component + '\n' + path;
}

/// The adapter's strength at a layer, rows left out.
double weight_at(const AdapterUse& use, const LayerFactors& layer, bool is_text) {
  return is_text ? use.text_encoder_weight.value_or(use.weight)
                 : use.weight * block_multiplier(use.blocks, layer.path);
}

/// The one factor that all rows share for an adapter whose update can only be merged.
double common_factor(const ActiveSet& set, std::size_t adapter, const LayerFactors& layer) {
  const double first = set.rows.front()[adapter];
  for (const std::vector<double>& row : set.rows) {
    require(row[adapter] == first, ErrorCode::kInvalidArgument, "adapter ",
            set.uses[adapter].adapter->report.file, " changes ", layer.path,
            " in a way that can only be merged (anything but plain LoRA and LoCon, or a bias), so "
            "it must be equally strong in all images of a batch; render the images group by group "
            "(group_images_by_set)");
  }
  return first;
}

void check(const ActiveSet& set) {
  for (const AdapterUse& use : set.uses) {
    require(use.adapter != nullptr, ErrorCode::kInvalidArgument,
            "a set holds a use without adapter");
    require(std::isfinite(use.weight) && std::isfinite(use.text_encoder_weight.value_or(0)),
            ErrorCode::kInvalidArgument, "the weight of ", use.adapter->report.file,
            " is not a finite number");
  }
  for (const std::vector<double>& row : set.rows) {
    require(row.size() == set.uses.size(), ErrorCode::kInvalidArgument, "a row has ", row.size(),
            " factors for a set of ", set.uses.size(), " adapters");
    require(
        std::all_of(row.begin(), row.end(), [](double factor) { return std::isfinite(factor); }),
        ErrorCode::kInvalidArgument, "a row holds a factor that is not a finite number");
  }
}

void check_fits(const LayerFactors& layer, const LayerSlot* slot, const AdapterUse& use) {
  bool fits = slot != nullptr;
  if (fits && layer.is_stackable()) {
    const at::Tensor& weight = slot->layer->weight();
    fits = layer.factors[0].size(0) == weight.size(0) &&
           layer.factors[1].numel() * weight.size(0) == weight.numel() * layer.rank();
  }
  require(fits, ErrorCode::kInvalidArgument, "adapter ", use.adapter->report.file,
          " was loaded for another model: ", layer.path, " is not there or has another shape");
}

/// Collects contributions per slot, in the order of first appearance.
template <typename Entry>
class BySlot {
 public:
  BySlot(std::vector<Entry>& entries, const SlotIndex& slots) : entries_(entries), slots_(slots) {}

  Entry& at(LayerSlot* slot) {
    if (place_.empty()) {
      place_.assign(slots_.size(), kNone);
      entries_.reserve(slots_.size());
    }
    std::size_t& place = place_[slots_.number_of(slot)];
    if (place == kNone) {
      place = entries_.size();
      entries_.emplace_back();
      entries_.back().slot = slot;
    }
    return entries_[place];
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<Entry>& entries_;
  const SlotIndex& slots_;
  std::vector<std::size_t> place_;  ///< By slot; empty until the first.
};

}  // namespace

bool is_text_component(const std::string& component) {
  return component.compare(0, 12, "text_encoder") == 0;
}

bool is_same(const ActiveSet& a, const ActiveSet& b) {
  const auto same_use = [](const AdapterUse& x, const AdapterUse& y) {
    return x.adapter == y.adapter && x.weight == y.weight &&
           x.text_encoder_weight == y.text_encoder_weight && x.blocks == y.blocks;
  };
  return a.mode == b.mode && a.rows == b.rows && a.repeats == b.repeats &&
         std::equal(a.uses.begin(), a.uses.end(), b.uses.begin(), b.uses.end(), same_use);
}

SlotIndex::SlotIndex(std::vector<LayerSlot>& slots) : slots_(slots) {
  by_key_.reserve(slots.size());
  for (LayerSlot& slot : slots) {
    by_key_.emplace(slot_key(slot.component, slot.path), &slot);
  }
}

LayerSlot* SlotIndex::find(const std::string& component, const std::string& path,
                           std::size_t number) const {
  if (number < slots_.size() && slots_[number].path == path &&
      slots_[number].component == component) {
    return &slots_[number];
  }
  const auto entry = by_key_.find(slot_key(component, path));
  return entry == by_key_.end() ? nullptr : entry->second;
}

EnginePlan plan_set(const ActiveSet& set, const SlotIndex& slots, bool is_text_encoder) {
  check(set);
  EnginePlan plan;
  BySlot merges(plan.merges, slots);
  BySlot biases(plan.biases, slots);
  BySlot branches(plan.branches, slots);
  for (std::size_t a = 0; a < set.uses.size(); ++a) {
    const AdapterUse& use = set.uses[a];
    for (const LayerFactors& layer : use.adapter->layers) {
      if (is_text_component(layer.component) != is_text_encoder) {
        continue;
      }
      LayerSlot* slot = slots.find(layer.component, layer.path, layer.number);
      check_fits(layer, slot, use);
      const double weight = weight_at(use, layer, is_text_encoder);
      const bool beside = set.mode == ApplyMode::kSide && layer.is_stackable();
      if (beside) {
        branches.at(slot).parts.push_back({&layer, a, weight});
      }
      const bool has_weight = !beside && !layer.factors.empty();
      if (!has_weight && !layer.bias.defined()) {
        continue;
      }
      const double multiplier = weight * common_factor(set, a, layer);
      if (multiplier == 0) {
        continue;  // so that an adapter that is off leaves the weights exactly as they are
      }
      if (has_weight) {
        merges.at(slot).contributions.push_back({&layer, multiplier, a});
      }
      if (layer.bias.defined()) {
        biases.at(slot).contributions.push_back({&layer, multiplier, a});
      }
    }
  }
  return plan;
}

}  // namespace stylus::generator
