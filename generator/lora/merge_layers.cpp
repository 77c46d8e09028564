#include "generator/lora/merge_layers.h"

#include <ATen/Config.h>
#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "generator/lora/layer_delta.h"
#include "generator/lora/low_rank_kernel.h"

#if AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "without OpenMP at::parallel_for is a plain loop on one core; link OpenMP::OpenMP_CXX"
#endif

namespace stylus::generator {
namespace {

/// The stackable contributions of one layer as one pair, float: up [O, R] with all scales, down
/// [R, N].
struct StackedPair {
  at::Tensor up;
  at::Tensor down;
  at::Tensor packed_down;  ///< For the kernel of this processor; undefined: use at::addmm.
};

bool has_dense(const SlotUpdate& update) {
  return std::any_of(update.contributions.begin(), update.contributions.end(),
                     [](const Contribution& one) {
                       return !one.factors->is_stackable() && !one.factors->factors.empty();
                     });
}

/// For low_rank_kernel(); nothing where it cannot read the type.
std::optional<BaseType> base_type(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return BaseType::kFloat;
    case at::kHalf:
      return BaseType::kHalf;
    case at::kBFloat16:
      return BaseType::kBFloat16;
    default:
      return std::nullopt;
  }
}

/// True if low_rank_kernel() can merge the pair: floats on the CPU, whole panels, and right factors
/// that stay in a core's second cache.
bool fits_kernel(const LayerSlot& slot, const StackedPair& pair) {
  constexpr std::int64_t kMostBytes = std::int64_t{3} << 19U;
  const auto has_rows = [](const at::Tensor& tensor) {
    return tensor.is_cpu() && rows_view(tensor).defined();
  };
  return low_rank_kernel() != nullptr && has_rows(slot.live) && has_rows(slot.pristine) &&
         slot.live.scalar_type() == at::kFloat && base_type(slot.pristine) &&
         is_channels_last(slot.live) == is_channels_last(slot.pristine) &&
         pair.down.size(1) % static_cast<std::int64_t>(kPanelColumns) == 0 &&
         static_cast<std::int64_t>(pair.down.nbytes()) <= kMostBytes;
}

StackedPair stack(const SlotUpdate& update) {
  const at::Tensor& weight = update.slot->live;
  std::int64_t rank = 0;
  for (const Contribution& one : update.contributions) {
    rank += one.factors->is_stackable() ? one.factors->rank() : 0;
  }
  StackedPair pair;
  if (rank == 0) {
    return pair;
  }
  const auto options = weight.options().dtype(at::kFloat);
  const std::int64_t outputs = weight.size(0);
  pair.up = at::empty({outputs, rank}, options);
  pair.down = at::empty({rank, weight.numel() / outputs}, options);
  std::int64_t begin = 0;
  for (const Contribution& one : update.contributions) {
    if (one.factors->is_stackable()) {
      const std::int64_t count = one.factors->rank();
      at::Tensor up = pair.up.narrow(1, begin, count);
      up.copy_(one.factors->factors[0]).mul_(one.multiplier * one.factors->scale);
      pair.down.narrow(0, begin, count).copy_(factor_rows(one.factors->factors[1], weight));
      begin += count;
    }
  }
  if (!has_dense(update) && fits_kernel(*update.slot, pair)) {
    pair.packed_down = at::empty_like(pair.down);
    pack_down(pair.down.const_data_ptr<float>(), static_cast<std::size_t>(rank),
              static_cast<std::size_t>(pair.down.size(1)),
              pair.packed_down.mutable_data_ptr<float>());
    pair.down = at::Tensor{};
  }
  return pair;
}

/// Factors on the device and in float only where that is needed.
LayerFactors on_device(const LayerFactors& layer, const at::Device& device) {
  LayerFactors moved = layer;
  for (at::Tensor& factor : moved.factors) {
    factor = factor.to(device);
  }
  if (moved.magnitude.defined()) {
    moved.magnitude = moved.magnitude.to(device);
  }
  return moved;
}

/// Whole layer at once: for updates that cannot be stacked.
void merge_whole(const SlotUpdate& update, const StackedPair& pair) {
  const at::Tensor& live = update.slot->live;
  const at::Tensor& pristine = update.slot->pristine;
  const auto options = live.options().dtype(at::kFloat);
  // In the order of memory that the stacked factors have.
  at::Tensor sum =
      is_channels_last(live) ? at::empty_like(live, options) : at::empty(live.sizes(), options);
  sum.copy_(pristine);
  if (pair.up.defined()) {
    rows_view(sum).addmm_(pair.up, pair.down);
  }
  for (const Contribution& one : update.contributions) {
    if (!one.factors->is_stackable() && !one.factors->factors.empty()) {
      sum.add_(dense_delta(on_device(*one.factors, live.device()), pristine), one.multiplier);
    }
  }
  live.copy_(sum);
}

void merge_rows(const SlotUpdate& update, const StackedPair& pair, std::int64_t begin,
                std::int64_t count) {
  const at::Tensor whole = update.slot->live.narrow(0, begin, count);
  const at::Tensor pristine = update.slot->pristine.narrow(0, begin, count);
  at::Tensor live = rows_view(update.slot->live).narrow(0, begin, count);
  const at::Tensor up = pair.up.narrow(0, begin, count);
  if (pair.packed_down.defined()) {
    low_rank_kernel()({pristine.const_data_ptr(), *base_type(pristine), up.const_data_ptr<float>(),
                       pair.packed_down.const_data_ptr<float>(), live.mutable_data_ptr<float>(),
                       static_cast<std::size_t>(count), static_cast<std::size_t>(live.size(1)),
                       static_cast<std::size_t>(up.size(1))});
    return;
  }
  if (live.scalar_type() == at::kFloat) {
    whole.copy_(pristine);  // also brings it into the order of live's memory
    live.addmm_(up, pair.down);
  } else {
    const at::Tensor sum =
        at::empty_strided(whole.sizes(), whole.strides(), whole.options().dtype(at::kFloat));
    sum.copy_(pristine);
    live.copy_(rows_view(sum).addmm_(up, pair.down));
  }
}

struct Piece {
  std::size_t update;
  std::int64_t begin;
  std::int64_t count;
};

void wait_for_rows(PageFiller& pages, const at::Tensor& live, const Piece& piece) {
  const std::size_t row = live.nbytes() / static_cast<std::size_t>(live.size(0));
  pages.wait_for(static_cast<const std::byte*>(live.const_data_ptr()) +
                     static_cast<std::size_t>(piece.begin) * row,
                 static_cast<std::size_t>(piece.count) * row);
}

/// Rows per piece: about a megabyte, a multiple of the product kernels' block.
std::int64_t rows_per_piece(std::int64_t columns) {
  constexpr std::int64_t kElements = std::int64_t{1} << 18U;
  constexpr std::int64_t kBlock = 16;
  return std::max(kBlock, kElements / std::max<std::int64_t>(columns, 1) / kBlock * kBlock);
}

}  // namespace

void merge_layer_by_layer(std::span<const SlotUpdate> updates, PageFiller* pages) {
  std::vector<StackedPair> pairs(updates.size());
  const auto stack_all = [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode guard;
    for (std::int64_t i = begin; i < end; ++i) {
      pairs[static_cast<std::size_t>(i)] = stack(updates[static_cast<std::size_t>(i)]);
    }
  };
  std::vector<Piece> pieces;
  std::vector<std::size_t> whole;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const at::Tensor& live = updates[i].slot->live;
    if (has_dense(updates[i]) || !live.is_cpu()) {
      whole.push_back(i);
      continue;
    }
    const std::int64_t rows = live.size(0);
    const std::int64_t step = rows_per_piece(live.numel() / std::max<std::int64_t>(rows, 1));
    for (std::int64_t begin = 0; begin < rows; begin += step) {
      pieces.push_back({i, begin, std::min(step, rows - begin)});
    }
  }
  const auto count = static_cast<std::int64_t>(updates.size());
  if (!pieces.empty()) {
    at::parallel_for(0, count, 1, stack_all);
  } else {
    stack_all(0, count);
  }
  // Pieces are taken one by one: a thread that the machine holds up delays only its own piece.
  // Bringing pages is bound by memory, the products by arithmetic: half of the threads begin with
  // the one, half with the other.
  std::atomic<std::size_t> next = 0;
  const std::int64_t threads = at::get_num_threads();
  at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t) {
    const c10::InferenceMode guard;
    bool fills = pages != nullptr && begin < (threads + 1) / 2;
    while (fills) {
      fills = pages->fill_next();
    }
    for (std::size_t i = next++; i < pieces.size(); i = next++) {
      const Piece& piece = pieces[i];
      if (pages != nullptr) {
        wait_for_rows(*pages, updates[piece.update].slot->live, piece);
      }
      merge_rows(updates[piece.update], pairs[piece.update], piece.begin, piece.count);
    }
  });
  for (const std::size_t i : whole) {
    merge_whole(updates[i], pairs[i]);
  }
}

}  // namespace stylus::generator
