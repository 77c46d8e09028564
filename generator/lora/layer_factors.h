#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weights/layer_update.h"

namespace stylus::generator {

/// How an update of one layer is stored. Letters: O outputs, I inputs, r rank, k k the kernel
/// (absent for linear layers).
enum class UpdateKind : std::uint8_t {
  kLowRank,    ///< factors: up [O, r], down [r, I, k, k];  delta = up down
  kHadamard,   ///< factors: a1 [O, r], b1 [r, I, k, k], a2, b2;  delta = (a1 b1) * (a2 b2)
  kKronecker,  ///< factors: w1 [o1, i1], w2 [o2, i2, k, k];  delta = w1 (x) w2
  kDense,      ///< factors: delta [O, I, k, k], or none where only the bias changes
  kReplace,    ///< factors: weight [O, I, k, k], which takes the place of the base weight
  // The last two change norms as well: their delta or weight is [C] then.
  kChannels,   ///< factors: gain [O, 1, 1, 1] or [1, I, 1, 1];  delta = W * gain   (IA3)
  kGlora,      ///< factors: a [I, r], a' [r, I], b [O, r], b' [r, I, k, k];
               ///< delta = W a a' + b b'
  kRotation,   ///< factors: R [n, O/n, O/n], blocks;  W' = R^T W   (OFT)
  kButterfly,  ///< factors: R [stages, n, O/n, O/n];  W' = R_last ... R_0 W   (BOFT)
};

/// Along which axis DoRA's magnitudes run.
enum class MagnitudeAxis : std::uint8_t { kOutput, kInput };

/// The update of one layer, in the smallest form that its algorithm allows. LoCon's and LoHa's
/// Tucker cores are folded into the factors beside them, LoKr's small products are formed.
///
/// Rotations have a second factor, rescale [O, 1, 1, 1], where the file has one: W' = rescale R W.
///
/// The whole update at strength m is, for a base weight W of the same shape:
///   m scale delta                              plain
///   m (W' - W)                                 kRotation, kButterfly
///   m (magnitude * V / |V| - W), V = W + scale delta     DoRA (norms over the other axes)
///   m (weight - W)                             kReplace
/// and m bias for the bias. Only kLowRank without magnitude can stand beside the weight
/// (nn::SideBranch); everything else must be merged.
/// Formulas: formats-and-protocols 1.7.
struct LayerFactors {
  std::string component;  ///< Key of the model part: "unet", "text_encoder", "text_encoder_2".
  std::string path;       ///< Module path of the layer in that part's LayerTable.
  /// LayerAddress::number of the layer in the engine that loaded it; a hint for finding it.
  std::size_t number = 0;
  UpdateKind kind = UpdateKind::kLowRank;
  double scale = 1;  ///< alpha / r, alpha / sqrt(r) for rsLoRA.
  /// In the file's floating type (others as float), on one device.
  std::vector<at::Tensor> factors;
  at::Tensor magnitude;  ///< [O] or [I]; undefined without DoRA.
  MagnitudeAxis magnitude_axis = MagnitudeAxis::kOutput;
  at::Tensor bias;  ///< [O], scale included; undefined when the bias stays.

  [[nodiscard]] bool is_stackable() const {
    return kind == UpdateKind::kLowRank && !magnitude.defined();
  }
  /// True if all or a part of it has no form that stands beside the weight.
  [[nodiscard]] bool must_be_merged() const { return !is_stackable() || bias.defined(); }
  [[nodiscard]] std::int64_t rank() const {
    return kind == UpdateKind::kLowRank ? factors.front().size(1) : 0;
  }
};

/// One adapter's low-rank updates of all layers of a class (layer_classes.h), one after the other;
/// zeros where it has none. Undefined for a class that it leaves alone.
struct StackedFactors {
  at::Tensor up;    ///< [M, O, r]
  at::Tensor down;  ///< [M, r, N]
};

/// Turns the parts of one layer into factors that fit a base weight of shape `weight_sizes`
/// ([O, I], [O, I, k, k], or [C] of a norm). 1 x 1 kernels and linear layers are taken for each
/// other; a "conv_in" with more input channels than the update (inpainting models) gets a
/// zero-padded update.
///
/// Requires: `update` came from group_tensors with tensor bytes, its shapes fit (update_misfit),
/// its
///           numbers that decide its form (rotations, flags) are finite; else Error(kCorruptData)
///           that names layer and shapes.
/// Ensures:  the result owns its memory. Bias-only updates have no factors.
/// Cost:     one copy of the layer's bytes; Tucker cores one small product.
[[nodiscard]] LayerFactors make_layer_factors(const weights::LayerUpdate& update, double scale,
                                              at::IntArrayRef weight_sizes);

/// Bytes that the factors occupy.
[[nodiscard]] std::int64_t byte_count(const LayerFactors& layer);

}  // namespace stylus::generator
