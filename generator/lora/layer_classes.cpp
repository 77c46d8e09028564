#include "generator/lora/layer_classes.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace stylus::generator {
namespace {

/// The path behind its block numbers, then the path: "attn1.to_q" of all blocks stand together.
std::string order_key(const std::string& path) {
  constexpr std::string_view kBlocks = "transformer_blocks.";
  const std::size_t blocks = path.rfind(kBlocks);
  if (blocks == std::string::npos) {
    return "~" + path;
  }
  const std::size_t dot = path.find('.', blocks + kBlocks.size());
  return dot == std::string::npos ? path : path.substr(dot + 1) + "\n" + path;
}

/// `rows` [O, N] shown in the layout of `weight`.
at::Tensor shaped_like(const at::Tensor& rows, const at::Tensor& weight) {
  if (is_channels_last(weight)) {
    return rows.view({weight.size(0), weight.size(2), weight.size(3), weight.size(1)})
        .permute({0, 3, 1, 2});
  }
  return rows.view(weight.sizes());
}

std::string slot_key(const std::string& component, const std::string& path) {
  return component + '\n' + path;
}

}  // namespace

LayerClasses::LayerClasses(std::vector<LayerSlot>& slots, std::int64_t cache_bytes)
    : cache_bytes_(cache_bytes) {
  using Key = std::tuple<std::int64_t, std::int64_t, int, int, bool>;
  std::map<Key, std::vector<LayerSlot*>> groups;
  for (LayerSlot& slot : slots) {
    const at::Tensor& weight = slot.layer->weight();
    if (rows_view(weight).defined()) {
      const bool is_text = slot.component != "unet";
      groups[{weight.size(0), weight.numel() / weight.size(0),
              static_cast<int>(weight.scalar_type()), is_text ? 1 : 0, is_channels_last(weight)}]
          .push_back(&slot);
    }
  }
  for (auto& [key, members] : groups) {
    std::sort(members.begin(), members.end(), [](const LayerSlot* a, const LayerSlot* b) {
      return order_key(a->path) < order_key(b->path);
    });
    LayerClass group;
    group.members = members;
    const at::Tensor model = members.front()->layer->weight();
    const auto count = static_cast<std::int64_t>(members.size());
    group.live = at::empty({count, std::get<0>(key), std::get<1>(key)}, model.options());
    for (std::int64_t m = 0; m < count; ++m) {
      LayerSlot& slot = *members[static_cast<std::size_t>(m)];
      const at::Tensor weight = slot.layer->weight();
      const at::Tensor rows = group.live.select(0, m);
      rows.copy_(rows_view(weight));
      slot.layer->set_weight(shaped_like(rows, weight));
      slot.live = slot.layer->weight();
      slot.layer_class = static_cast<std::ptrdiff_t>(classes_.size());
      slot.member = m;
      slot_of_.emplace(slot_key(slot.component, slot.path), &slot);
    }
    classes_.push_back(std::move(group));
  }
}

void LayerClasses::keep_pristine(std::span<const SlotUpdate> updates) {
  for (const SlotUpdate& update : updates) {
    LayerClass& group = classes_[static_cast<std::size_t>(update.slot->layer_class)];
    if (group.pristine.defined()) {
      continue;
    }
    group.pristine = group.live.clone();
    for (LayerSlot* slot : group.members) {
      slot->pristine = shaped_like(group.pristine.select(0, slot->member), slot->live);
    }
  }
}

void LayerClasses::merge(std::span<const SlotUpdate> updates,
                         std::span<const AdapterPtr> adapters) {
  std::vector<const Resident*> stacked;
  for (const AdapterPtr& adapter : adapters) {
    stacked.push_back(&resident(adapter));
  }
  std::map<std::size_t, std::vector<const SlotUpdate*>> by_class;
  for (const SlotUpdate& update : updates) {
    by_class[static_cast<std::size_t>(update.slot->layer_class)].push_back(&update);
  }
  for (const auto& [index, members] : by_class) {
    merge_class(index, members, stacked);
  }
  // Only now, so that none of this set's adapters was dropped on the way.
  while (resident_bytes_ > cache_bytes_ && resident_.size() > adapters.size()) {
    resident_bytes_ -= resident_.back().bytes;
    by_adapter_.erase(resident_.back().adapter.get());
    resident_.pop_back();
  }
}

const LayerClasses::Resident& LayerClasses::resident(const AdapterPtr& adapter) {
  const auto known = by_adapter_.find(adapter.get());
  if (known != by_adapter_.end()) {
    resident_.splice(resident_.begin(), resident_, known->second);
    return resident_.front();
  }
  resident_.push_front(upload(adapter));
  by_adapter_[adapter.get()] = resident_.begin();
  resident_bytes_ += resident_.front().bytes;
  return resident_.front();
}

LayerClasses::Resident LayerClasses::upload(const AdapterPtr& adapter) const {
  Resident result;
  result.adapter = adapter;
  result.classes.resize(classes_.size());
  std::vector<std::vector<std::pair<const LayerSlot*, const LayerFactors*>>> parts(classes_.size());
  for (const LayerFactors& layer : adapter->layers) {
    const auto slot = slot_of_.find(slot_key(layer.component, layer.path));
    if (slot != slot_of_.end() && layer.is_stackable()) {
      parts[static_cast<std::size_t>(slot->second->layer_class)].push_back({slot->second, &layer});
    }
  }
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    std::int64_t rank = 0;
    for (const auto& [slot, layer] : parts[i]) {
      rank = std::max(rank, layer->rank());
    }
    if (rank == 0) {
      continue;
    }
    const at::Tensor& live = classes_[i].live;
    ClassFactors& factors = result.classes[i];
    factors.up = at::zeros({live.size(0), live.size(1), rank}, live.options());
    factors.down = at::zeros({live.size(0), rank, live.size(2)}, live.options());
    for (const auto& [slot, layer] : parts[i]) {
      const bool async = layer->factors[0].is_pinned();
      factors.up.select(0, slot->member)
          .narrow(1, 0, layer->rank())
          .copy_(layer->factors[0], async);
      factors.down.select(0, slot->member)
          .narrow(0, 0, layer->rank())
          .copy_(factor_rows(layer->factors[1], slot->live), async);
    }
    result.bytes += static_cast<std::int64_t>(factors.up.nbytes() + factors.down.nbytes());
  }
  return result;
}

void LayerClasses::merge_class(std::size_t index, std::span<const SlotUpdate* const> updates,
                               std::span<const Resident* const> adapters) {
  LayerClass& group = classes_[index];
  std::vector<at::Tensor> ups;
  std::vector<at::Tensor> downs;
  std::vector<std::int64_t> begins(adapters.size(), 0);
  std::int64_t rank = 0;
  for (std::size_t a = 0; a < adapters.size(); ++a) {
    const ClassFactors& factors = adapters[a]->classes[index];
    begins[a] = rank;
    if (factors.up.defined()) {
      ups.push_back(factors.up);
      downs.push_back(factors.down);
      rank += factors.up.size(2);
    }
  }
  // scale [M, 1, R]: zero for adapters that leave a member alone.
  const auto members = static_cast<std::int64_t>(group.members.size());
  at::Tensor scale = at::zeros({members, 1, rank}, at::TensorOptions().dtype(at::kFloat));
  auto* values = scale.mutable_data_ptr<float>();
  std::vector<bool> is_member(group.members.size(), false);
  for (const SlotUpdate* update : updates) {
    is_member[static_cast<std::size_t>(update->slot->member)] = true;
    for (const Contribution& one : update->contributions) {
      const std::int64_t begin = begins[one.adapter];
      for (std::int64_t r = begin; r < begin + one.factors->rank(); ++r) {
        values[update->slot->member * rank + r] +=
            static_cast<float>(one.multiplier * one.factors->scale);
      }
    }
  }
  const at::Tensor up = (ups.size() == 1 ? ups[0] : at::cat(ups, 2))
                            .mul(scale.to(group.live.device()).to(group.live.scalar_type()));
  const at::Tensor down = downs.size() == 1 ? downs[0] : at::cat(downs, 1);
  for (std::int64_t begin = 0; begin < members;) {
    std::int64_t end = begin;
    while (end < members && is_member[static_cast<std::size_t>(end)]) {
      ++end;
    }
    if (end > begin) {
      const std::int64_t count = end - begin;
      at::Tensor live = group.live.narrow(0, begin, count);
      at::baddbmm_out(live, group.pristine.narrow(0, begin, count), up.narrow(0, begin, count),
                      down.narrow(0, begin, count));
    }
    begin = end + 1;
  }
}

void LayerClasses::restore_all(std::vector<LayerSlot>& slots) {
  for (LayerClass& group : classes_) {
    if (group.pristine.defined()) {
      group.live.copy_(group.pristine);
      group.pristine = at::Tensor();
    }
  }
  for (LayerSlot& slot : slots) {
    if (slot.layer_class >= 0) {
      slot.pristine = at::Tensor();
    }
  }
}

}  // namespace stylus::generator
