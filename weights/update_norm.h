#pragma once

#include <string>

#include "weights/layer_update.h"

namespace stylus::weights {

struct UpdateNorm {
  /// Frobenius norm of what the layer gains at strength 1, bias included. NaN where that depends
  /// on the base weights (DoRA, IA3, GLoRA, OFT, replaced weights) or on undecodable types.
  double whole = 0;
  /// The same for the part that is simply added: for DoRA the update before it is renormalised.
  /// Equal to `whole` for plain algorithms; NaN where nothing is simply added.
  double additive = 0;
  std::string problem;  ///< Why a norm that could have been computed was not; "" otherwise.
};

/// Computes the norm from the factors, without forming their product in memory.
///
/// LoRA: |B A|^2 = tr((B^T B)(A A^T)). LoKr: |K1 (x) K2| = |K1| |K2|. LoHa: the same trace with
/// row-wise Kronecker products of the factors when the rank is small, else tile by tile.
///
/// Requires: `layer` came from group_tensors with tensor bytes; `scale` is what multiplies the
///           product (alpha / rank).
/// Cost:     LoRA O(r^2 (I + O)), LoKr O(size of the factors), LoHa O(min(r^4 (I + O), r I O)).
[[nodiscard]] UpdateNorm update_norm(const LayerUpdate& layer, double scale);

}  // namespace stylus::weights
