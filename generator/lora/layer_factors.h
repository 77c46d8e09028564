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
};

/// Along which axis DoRA's magnitudes run.
enum class MagnitudeAxis : std::uint8_t { kOutput, kInput };

/// The update of one layer, in the smallest form that its algorithm allows. LoCon's and LoHa's
/// Tucker cores are folded into the factors beside them, LoKr's small products are formed.
///
/// The whole update at strength m is, for a base weight W of the same shape:
///   m scale delta                              plain
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
/// ([O, I] or [O, I, k, k]). 1 x 1 kernels and linear layers are taken for each other; a "conv_in"
/// with more input channels than the update (inpainting models) gets a zero-padded update.
///
/// Requires: `update` came from group_tensors with tensor bytes, its shapes fit (update_fits), its
///           algorithm is none of IA3, OFT, GLoRA; else Error(kUnsupported) or kCorruptData that
///           names layer and shapes.
/// Ensures:  the result owns its memory. Bias-only updates have no factors.
/// Cost:     one copy of the layer's bytes; Tucker cores one small product.
[[nodiscard]] LayerFactors make_layer_factors(const weights::LayerUpdate& update, double scale,
                                              at::IntArrayRef weight_sizes);

/// Why an update does not fit a weight of this shape ("its update is [320, 768], the layer is
/// [640, 768]"); "" when it fits. Reads no tensor bytes.
[[nodiscard]] std::string update_misfit(const weights::LayerUpdate& update,
                                        at::IntArrayRef weight_sizes);

/// The delta at strength 1, scale included, as float on the factors' device, [O, I] or
/// [O, I, k, k]. Requires: a kind other than kReplace and no magnitude (those need the base).
/// Cost: O(r O I); the result is as large as the weight.
[[nodiscard]] at::Tensor dense_delta(const LayerFactors& layer);

/// What the layer adds to `base` at strength 1, bias left out; float, the shape of `base`.
/// Any kind. `base` is the pristine weight, any floating type, on the factors' device.
[[nodiscard]] at::Tensor dense_delta(const LayerFactors& layer, const at::Tensor& base);

/// Bytes that the factors occupy.
[[nodiscard]] std::int64_t byte_count(const LayerFactors& layer);

}  // namespace stylus::generator
