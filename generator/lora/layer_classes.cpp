#include "generator/lora/layer_classes.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "nn/cuda_backend.h"

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
    if (slot.layer->kind() != nn::Layer::Kind::kNorm && rows_view(weight).defined()) {
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
      slot.in_place = true;
      slot.layer_class = static_cast<std::ptrdiff_t>(classes_.size());
      slot.member = m;
      slot_of_.emplace(slot_key(slot.component, slot.path), &slot);
    }
    classes_.push_back(std::move(group));
  }
}

void LayerClasses::keep_pristine(std::span<const SlotUpdate> updates) {
  for (const SlotUpdate& update : updates) {
    if (update.slot->layer_class < 0) {
      continue;
    }
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
  const std::vector<Task> tasks = tasks_of(updates, stacked);
  const at::Tensor on_host = scales_of(tasks);
  const at::Tensor scales =
      on_host.to(classes_.front().live.device(), /*non_blocking=*/on_host.is_pinned());
  for (const Task& task : tasks) {
    merge_class(task, scales);
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

std::vector<std::vector<LayerClasses::Placed>> LayerClasses::placed(
    const AdapterWeights& adapter) const {
  std::vector<std::vector<Placed>> parts(classes_.size());
  for (std::size_t i = 0; i < adapter.layers.size(); ++i) {
    const LayerFactors& layer = adapter.layers[i];
    const auto slot = slot_of_.find(slot_key(layer.component, layer.path));
    if (slot != slot_of_.end() && layer.is_stackable()) {
      parts[static_cast<std::size_t>(slot->second->layer_class)].push_back({slot->second, i});
    }
  }
  return parts;
}

void LayerClasses::stack(AdapterWeights& adapter, bool pinned) const {
  const std::vector<std::vector<Placed>> parts = placed(adapter);
  adapter.stacked.resize(classes_.size());
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    std::int64_t rank = 0;
    for (const Placed& part : parts[i]) {
      rank = std::max(rank, adapter.layers[part.layer].rank());
    }
    if (rank == 0) {
      continue;
    }
    const at::Tensor& live = classes_[i].live;
    const auto options = at::TensorOptions()
                             .dtype(adapter.layers[parts[i].front().layer].factors[0].scalar_type())
                             .pinned_memory(pinned);
    StackedFactors& factors = adapter.stacked[i];
    factors.up = at::zeros({live.size(0), live.size(1), rank}, options);
    factors.down = at::zeros({live.size(0), rank, live.size(2)}, options);
    adapter.bytes += static_cast<std::int64_t>(factors.up.nbytes() + factors.down.nbytes());
    for (const Placed& part : parts[i]) {
      LayerFactors& layer = adapter.layers[part.layer];
      adapter.bytes -=
          static_cast<std::int64_t>(layer.factors[0].nbytes() + layer.factors[1].nbytes());
      const std::int64_t own = layer.rank();
      const at::Tensor up = factors.up.select(0, part.slot->member).narrow(1, 0, own);
      const at::Tensor down = factors.down.select(0, part.slot->member).narrow(0, 0, own);
      up.copy_(layer.factors[0]);
      down.copy_(factor_rows(layer.factors[1], part.slot->live));
      layer.factors[0] = up;
      layer.factors[1] = factor_of_rows(down, part.slot->live, layer.factors[1].sizes());
    }
  }
}

LayerClasses::Resident LayerClasses::upload(const AdapterPtr& adapter) const {
  Resident result;
  result.adapter = adapter;
  result.classes = adapter->stacked;
  if (result.classes.empty()) {
    AdapterWeights copy;
    copy.layers = adapter->layers;
    stack(copy, false);
    result.classes = std::move(copy.stacked);
  }
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    StackedFactors& factors = result.classes[i];
    if (factors.up.defined()) {
      const at::Tensor& live = classes_[i].live;
      const auto to_device = [&](at::Tensor& tensor) {
        tensor = tensor.to(live.device(), tensor.is_pinned()).to(live.scalar_type());
        result.bytes += static_cast<std::int64_t>(tensor.nbytes());
      };
      to_device(factors.up);
      to_device(factors.down);
    }
  }
  return result;
}

std::vector<LayerClasses::Task> LayerClasses::tasks_of(
    std::span<const SlotUpdate> updates, std::span<const Resident* const> adapters) const {
  std::vector<Task> tasks(classes_.size());
  for (const SlotUpdate& update : updates) {
    tasks[static_cast<std::size_t>(update.slot->layer_class)].updates.push_back(&update);
  }
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Task& task = tasks[i];
    task.index = i;
    task.term_of.resize(adapters.size());
    for (std::size_t a = 0; a < adapters.size() && !task.updates.empty(); ++a) {
      if (adapters[a]->classes[i].up.defined()) {
        task.term_of[a] = task.terms.size();
        task.terms.push_back(adapters[a]->classes[i]);
      }
    }
    task.scales_begin = begin;
    begin += static_cast<std::int64_t>(classes_[i].members.size() * task.terms.size());
  }
  std::erase_if(tasks, [](const Task& task) { return task.updates.empty(); });
  return tasks;
}

at::Tensor LayerClasses::scales_of(std::span<const Task> tasks) const {
  std::int64_t count = 1;
  for (const Task& task : tasks) {
    count += static_cast<std::int64_t>(classes_[task.index].members.size() * task.terms.size());
  }
  at::Tensor scales = at::zeros(
      {count},
      at::TensorOptions().dtype(at::kFloat).pinned_memory(classes_.front().live.is_cuda()));
  auto* values = scales.mutable_data_ptr<float>();
  for (const Task& task : tasks) {
    const auto terms = static_cast<std::int64_t>(task.terms.size());
    for (const SlotUpdate* update : task.updates) {
      for (const Contribution& one : update->contributions) {
        const std::int64_t place = task.scales_begin + update->slot->member * terms +
                                   static_cast<std::int64_t>(task.term_of[one.adapter]);
        values[place] += static_cast<float>(one.multiplier * one.factors->scale);
      }
    }
  }
  return scales;
}

namespace {

/// The same by ATen: the terms beside each other in one batched product.
void merge_by_product(at::Tensor live, const at::Tensor& pristine,
                      std::span<const StackedFactors> terms, const at::Tensor& scales) {
  std::vector<at::Tensor> ups;
  std::vector<at::Tensor> downs;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const at::Tensor scale = scales.select(1, static_cast<std::int64_t>(i)).view({-1, 1, 1});
    ups.push_back(terms[i].up.mul(scale.to(live.scalar_type())));
    downs.push_back(terms[i].down);
  }
  at::baddbmm_out(live, pristine, ups.size() == 1 ? ups[0] : at::cat(ups, 2),
                  downs.size() == 1 ? downs[0] : at::cat(downs, 1));
}

}  // namespace

void LayerClasses::merge_class(const Task& task, const at::Tensor& scales) {
  LayerClass& group = classes_[task.index];
  const auto members = static_cast<std::int64_t>(group.members.size());
  const auto terms = static_cast<std::int64_t>(task.terms.size());
  const at::Tensor own_scales =
      scales.narrow(0, task.scales_begin, members * terms).view({members, terms});
  std::vector<bool> is_member(group.members.size(), false);
  for (const SlotUpdate* update : task.updates) {
    is_member[static_cast<std::size_t>(update->slot->member)] = true;
  }
  const nn::CudaBackend* backend = group.live.is_cuda() ? nn::cuda_backend() : nullptr;
  for (std::int64_t begin = 0; begin < members;) {
    std::int64_t end = begin;
    while (end < members && is_member[static_cast<std::size_t>(end)]) {
      ++end;
    }
    if (end > begin) {
      const auto part = [&](const at::Tensor& tensor) {
        return tensor.size(0) == end - begin ? tensor : tensor.narrow(0, begin, end - begin);
      };
      std::vector<StackedFactors> parts;
      std::vector<nn::LowRankTerm> pointers;
      for (const StackedFactors& term : task.terms) {
        parts.push_back({part(term.up), part(term.down)});
        pointers.push_back({parts.back().up, parts.back().down});
      }
      const at::Tensor live = part(group.live);
      if (backend == nullptr ||
          !backend->merge_low_rank(live, part(group.pristine), pointers, part(own_scales))) {
        merge_by_product(live, part(group.pristine), parts, part(own_scales));
      }
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
