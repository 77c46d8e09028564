#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "generator/lora/layer_factors.h"
#include "generator/lora/page_filler.h"
#include "nn/layer.h"

namespace stylus::generator {

/// A layer of the model with what the engine must remember of it.
struct LayerSlot {
  std::string component;
  std::string path;
  nn::Layer* layer = nullptr;
  /// What the layer had: its tensor, or on CUDA a copy of that once changed, or the tensor of the
  /// checkpoint's file that it was converted from.
  at::Tensor pristine;
  at::Tensor pristine_bias;  ///< As the layer had it; may be undefined.
  at::Tensor live;           ///< What the layer holds while merged; kept for the next set.
  bool is_merged = false;
  bool in_place = false;  ///< `live` is the layer's tensor from the start; `pristine` is another.
  bool has_branch = false;
  /// Place among layers of equal shape that are merged in one product (layer_classes.h); -1: none.
  std::ptrdiff_t layer_class = -1;
  std::int64_t member = -1;
};

/// One adapter's update of one layer at a strength.
struct Contribution {
  const LayerFactors* factors = nullptr;
  double multiplier = 1;
  std::size_t adapter = 0;  ///< Index into the set.
};

/// Without memory of its own for the usual few.
using Contributions = c10::SmallVector<Contribution, 4>;

/// All that is merged into one layer; never empty.
struct SlotUpdate {
  LayerSlot* slot = nullptr;
  Contributions contributions;
};

/// The weight as [O, N] without a copy, in the order of its memory: N runs over inputs and kernel,
/// inputs last for channels_last. Undefined for any other layout.
[[nodiscard]] at::Tensor rows_view(const at::Tensor& weight);

/// True where rows_view has inputs last.
[[nodiscard]] bool is_channels_last(const at::Tensor& weight);

/// A right factor [r, I, k, k] as [r, N] in the order of rows_view(weight); a view where it can be.
[[nodiscard]] at::Tensor factor_rows(const at::Tensor& factor, const at::Tensor& weight);

/// The way back: rows [r, N] in the order of rows_view(weight) shown as a factor of `sizes`.
[[nodiscard]] at::Tensor factor_of_rows(const at::Tensor& rows, const at::Tensor& weight,
                                        at::IntArrayRef sizes);

/// Tensors out of one block of memory, in its order.
struct NewTensors {
  std::vector<at::Tensor> tensors;
  std::shared_ptr<PageFiller> pages;  ///< Brings the block's pages; null for an empty block.
};

/// Fresh CPU tensors like the given ones (sizes, strides of rows_view layouts, types) out of one
/// block of memory that asks for huge pages: filling gigabytes is bound by page faults otherwise.
[[nodiscard]] NewTensors allocate_like(std::span<const at::Tensor> tensors);

}  // namespace stylus::generator
