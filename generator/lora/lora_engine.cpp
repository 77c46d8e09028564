#include "generator/lora/lora_engine.h"

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "generator/lora/bias_keeper.h"
#include "generator/lora/engine_plan.h"
#include "generator/lora/layer_classes.h"
#include "generator/lora/layer_slot.h"
#include "generator/lora/merge_layers.h"
#include "generator/lora/slot_memory.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

constexpr std::size_t kDenoiserPart = 0;
constexpr std::size_t kTextPart = 1;

bool covers(ApplyScope scope, std::size_t part) {
  return scope == ApplyScope::kAll || (scope == ApplyScope::kTextEncoders) == (part == kTextPart);
}

bool any_on_gpu(const std::vector<LayerSlot>& slots) {
  return std::any_of(slots.begin(), slots.end(),
                     [](const LayerSlot& slot) { return slot.layer->weight().is_cuda(); });
}

bool all_stackable(const SlotUpdate& update) {
  return std::all_of(update.contributions.begin(), update.contributions.end(),
                     [](const Contribution& one) { return one.factors->is_stackable(); });
}

}  // namespace

class LoraEngine::Impl {
 public:
  Impl(ComponentLayers components, const LoraEngineOptions& options)
      : keys_(components),
        slots_(slots_of(components)),
        is_on_gpu_(any_on_gpu(slots_)),
        cache_(
            [this, options](const std::filesystem::path& file) {
              return load(file, options.least_coverage);
            },
            options.cache_bytes),
        index_(slots_) {
    if (options.batched.value_or(is_on_gpu_)) {
      const c10::InferenceMode guard;
      for (LayerSlot& slot : slots_) {
        slot.pristine = at::Tensor();  // the live storage is re-homed; a copy is made when needed
        slot.live = at::Tensor();
        slot.in_place = false;
      }
      classes_ = std::make_unique<LayerClasses>(slots_, options.device_cache_bytes);
      for (LayerSlot& slot : slots_) {
        if (slot.layer_class < 0) {
          slot.pristine = slot.layer->weight();
        }
      }
    }
  }

  AdapterCache& cache() { return cache_; }

  /// Loads for the cache; from any thread.
  [[nodiscard]] AdapterPtr load(const std::filesystem::path& file, double least_coverage) const {
    AdapterPtr adapter =
        load_adapter(file, keys_, {least_coverage, is_on_gpu_ && classes_ == nullptr});
    if (classes_ == nullptr) {
      return adapter;
    }
    const c10::InferenceMode guard;
    auto stacked = std::make_shared<AdapterWeights>(*adapter);
    classes_->stack(*stacked, is_on_gpu_);
    return stacked;
  }
  [[nodiscard]] const KeyMap& keys() const { return keys_; }

  void activate(ActiveSet set, ApplyScope scope) {
    const c10::InferenceMode guard;
    std::array<EnginePlan, 2> plans;
    for (const std::size_t part : {kDenoiserPart, kTextPart}) {
      if (covers(scope, part)) {
        plans[part] = plan_set(set, index_, part == kTextPart);
      }
    }
    try {
      for (const std::size_t part : {kDenoiserPart, kTextPart}) {
        if (covers(scope, part) && !is_same(active_[part], set)) {
          carry_out(plans[part], set, part);
          active_[part] = set;
        }
      }
    } catch (const Error&) {
      clear();
      throw;
    } catch (const c10::Error& error) {
      clear();
      fail(ErrorCode::kUnavailable, "the adapters could not be applied and were taken off: ",
           error.what_without_backtrace());
    } catch (const std::bad_alloc&) {
      clear();
      fail(ErrorCode::kUnavailable,
           "no memory for merged weights; the adapters were taken off. Apply fewer adapters or use "
           "the side branch");
    }
  }

  void set_multipliers(std::span<const double> multipliers, ApplyScope scope) {
    for (const std::size_t part : {kDenoiserPart, kTextPart}) {
      if (!covers(scope, part)) {
        continue;
      }
      ActiveSet set = active_[part];
      require(multipliers.size() == set.uses.size(), ErrorCode::kInvalidArgument,
              multipliers.size(), " multipliers for an active set of ", set.uses.size(),
              " adapters");
      set.rows = base_rows_[part];
      for (std::vector<double>& row : set.rows) {
        for (std::size_t a = 0; a < row.size(); ++a) {
          row[a] *= multipliers[a];
        }
      }
      const std::vector<std::vector<double>> base = base_rows_[part];
      activate(std::move(set),
               part == kTextPart ? ApplyScope::kTextEncoders : ApplyScope::kDenoiser);
      base_rows_[part] = base;
    }
  }

  void remember_rows(const std::vector<std::vector<double>>& rows, ApplyScope scope) {
    for (const std::size_t part : {kDenoiserPart, kTextPart}) {
      if (covers(scope, part)) {
        base_rows_[part] = rows;
      }
    }
  }

  void clear() {
    const c10::InferenceMode guard;
    for (LayerSlot& slot : slots_) {
      if (slot.has_branch) {
        slot.layer->set_side_branch(std::nullopt);
        slot.has_branch = false;
      }
      biases_.restore(slot);
      if (slot.layer_class < 0) {
        restore_weight(slot);
        release_buffer(slot);
      }
      slot.is_merged = false;
    }
    if (classes_ != nullptr) {
      classes_->restore_all(slots_);
    }
    for (const std::size_t part : {kDenoiserPart, kTextPart}) {
      if (!active_[part].uses.empty()) {
        ++revision_[part];
      }
      active_[part] = ActiveSet{};
      base_rows_[part].clear();
    }
  }

  [[nodiscard]] std::uint64_t revision(ApplyScope scope) const {
    std::uint64_t sum = 0;
    for (const std::size_t part : {kDenoiserPart, kTextPart}) {
      sum += covers(scope, part) ? revision_[part] : 0;
    }
    return sum;
  }

 private:
  void carry_out(EnginePlan& plan, const ActiveSet& set, std::size_t part) {
    ++revision_[part];
    if (only_scales_change(set, part)) {
      rescale(plan, set);
      return;
    }
    std::vector<bool> stays(slots_.size(), false);
    const auto number = [&](const LayerSlot* slot) {
      return static_cast<std::size_t>(slot - slots_.data());
    };
    for (const SlotUpdate& update : plan.merges) {
      stays[number(update.slot)] = true;
    }
    for (LayerSlot& slot : slots_) {
      if (is_text_component(slot.component) != (part == kTextPart)) {
        continue;
      }
      if (slot.has_branch) {
        slot.layer->set_side_branch(std::nullopt);
        slot.has_branch = false;
      }
      biases_.restore(slot);
      if (!stays[number(&slot)]) {
        restore_weight(slot);
      }
    }
    merge(plan.merges, set);
    for (const BiasUpdate& update : plan.biases) {
      biases_.change(update);
    }
    for (const SlotBranch& branch : plan.branches) {
      set_branch(branch, {set.rows, set.repeats});
    }
  }

  /// True if nothing but factors on side branches differs, and no merged update among them.
  [[nodiscard]] bool only_scales_change(const ActiveSet& set, std::size_t part) const {
    const ActiveSet& old = active_[part];
    if (set.mode != ApplyMode::kSide || old.mode != ApplyMode::kSide ||
        set.rows.size() != old.rows.size() || set.repeats != old.repeats) {
      return false;
    }
    ActiveSet same_rows = old;
    same_rows.rows = set.rows;
    const auto is_branch_only = [&](const AdapterUse& use) {
      return std::all_of(use.adapter->layers.begin(), use.adapter->layers.end(),
                         [&](const LayerFactors& layer) {
                           return is_text_component(layer.component) != (part == kTextPart) ||
                                  !layer.must_be_merged();
                         });
    };
    return is_same(same_rows, set) && std::all_of(set.uses.begin(), set.uses.end(), is_branch_only);
  }

  static void rescale(const EnginePlan& plan, const ActiveSet& set) {
    for (const SlotBranch& branch : plan.branches) {
      rescale_branch(branch, {set.rows, set.repeats});
    }
  }

  /// Reorders `updates`.
  void merge(std::vector<SlotUpdate>& updates, const ActiveSet& set) {
    const auto middle =
        std::stable_partition(updates.begin(), updates.end(), [](const SlotUpdate& update) {
          return update.slot->layer_class < 0 || !all_stackable(update);
        });
    const std::span<const SlotUpdate> single(updates.begin(), middle);
    const std::span<const SlotUpdate> batched(middle, updates.end());
    if (classes_ != nullptr) {
      classes_->keep_pristine(updates);
    }
    const std::shared_ptr<PageFiller> pages = prepare_buffers(single);
    for (const SlotUpdate& update : single) {
      update.slot->is_merged |= update.slot->in_place;  // before its values change
    }
    merge_layer_by_layer(single, pages.get());
    if (!batched.empty()) {
      std::vector<AdapterPtr> adapters;
      for (const AdapterUse& use : set.uses) {
        adapters.push_back(use.adapter);
      }
      classes_->merge(batched, adapters);
    }
    for (const SlotUpdate& update : updates) {
      LayerSlot& slot = *update.slot;
      if (!slot.in_place) {
        slot.layer->set_weight(slot.live);
      }
      slot.is_merged = true;
    }
  }

  KeyMap keys_;
  std::vector<LayerSlot> slots_;
  bool is_on_gpu_;
  AdapterCache cache_;
  SlotIndex index_;
  std::unique_ptr<LayerClasses> classes_;
  std::array<ActiveSet, 2> active_;
  std::array<std::vector<std::vector<double>>, 2> base_rows_;
  std::array<std::uint64_t, 2> revision_{};
  BiasKeeper biases_;
};

LoraEngine::LoraEngine(ComponentLayers components, LoraEngineOptions options)
    : impl_(std::make_unique<Impl>(std::move(components), options)) {}

LoraEngine::~LoraEngine() {
  try {
    impl_->clear();
  } catch (const std::exception&) {
    // A GPU that fails now cannot be helped; the process is about to report it elsewhere.
  }
}

AdapterPtr LoraEngine::load(const std::filesystem::path& file) { return impl_->cache().get(file); }

void LoraEngine::prefetch(const std::filesystem::path& file) { impl_->cache().prefetch(file); }

void LoraEngine::apply(std::span<const AdapterUse> set, ApplyMode mode, ApplyScope scope) {
  if (set.empty() && scope == ApplyScope::kAll) {
    impl_->clear();
    return;
  }
  const std::vector<std::vector<double>> one_row{std::vector<double>(set.size(), 1)};
  impl_->activate({{set.begin(), set.end()}, mode, one_row, 1}, scope);
  impl_->remember_rows(one_row, scope);
}

void LoraEngine::apply_per_image(std::span<const AdapterUse> set,
                                 const std::vector<std::vector<double>>& rows, std::int64_t repeats,
                                 ApplyScope scope) {
  require(!rows.empty() && repeats > 0, ErrorCode::kInvalidArgument, "a batch of ", rows.size(),
          " images, repeated ", repeats, " times, has no image");
  impl_->activate({{set.begin(), set.end()}, ApplyMode::kSide, rows, repeats}, scope);
  impl_->remember_rows(rows, scope);
}

void LoraEngine::set_multipliers(std::span<const double> multipliers, ApplyScope scope) {
  impl_->set_multipliers(multipliers, scope);
}

void LoraEngine::clear() { impl_->clear(); }

const KeyMap& LoraEngine::keys() const { return impl_->keys(); }

std::uint64_t LoraEngine::revision(ApplyScope scope) const { return impl_->revision(scope); }

AdapterCacheStats LoraEngine::cache_stats() const { return impl_->cache().stats(); }

}  // namespace stylus::generator
