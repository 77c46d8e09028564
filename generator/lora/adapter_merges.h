#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "generator/lora/adapter_weights.h"

namespace stylus::generator {

/// How several adapters become one (generation-and-evaluation 11.4). Plain weighted sums need no
/// merge: LoraEngine stacks them exactly.
enum class MergeMethod : std::uint8_t {
  kSvd,             ///< Sum of the updates, cut to the best approximation of rank `rank`.
  kLinear,          ///< PEFT's "linear": factors are averaged, so cross terms appear. Equal ranks.
  kTies,            ///< Top entries, elected sign, mean of those that agree; on the factors.
  kDareLinear,      ///< Random entries, rescaled, weighted sum; on the factors.
  kDareTies,        ///< Random entries, rescaled, elected sign; on the factors.
  kMagnitudePrune,  ///< Top entries, weighted sum; on the factors.
  kTiesSvd,         ///< The same four on whole updates, then cut to `rank`.
  kDareLinearSvd,
  kDareTiesSvd,
  kMagnitudePruneSvd,
};

enum class SignElection : std::uint8_t { kTotal, kFrequency };

struct MergeOptions {
  MergeMethod method = MergeMethod::kSvd;
  double density = 0.5;  ///< Share of entries kept, (0, 1].
  SignElection sign = SignElection::kTotal;
  std::int64_t rank = 0;   ///< Of the result of svd methods; 0: the largest rank put in.
  std::uint64_t seed = 0;  ///< Of DARE's choice; the same seed gives the same adapter.
};

struct MergeInput {
  AdapterPtr adapter;
  double weight = 1;
};

/// Merges adapters layer by layer into one of scale 1. A layer that only some adapters change is
/// merged from those; its missing partners count as zero.
///
/// Factor methods need low-rank layers of equal rank, else Error(kInvalidArgument) that names the
/// layer; svd methods take all additive kinds (nothing that depends on the base). Biases and
/// changes of norms are summed. Agrees with PEFT 0.21 (older versions multiply by alpha / r twice
/// in their svd methods). Cost: svd methods one decomposition per layer: seconds to minutes for a
/// whole model.
[[nodiscard]] AdapterPtr merge_adapters(std::span<const MergeInput> inputs,
                                        const MergeOptions& options);

/// Entries with mask 1 divided by density, others 0: DARE with a given draw.
[[nodiscard]] at::Tensor dare(const at::Tensor& tensor, const at::Tensor& mask, double density);

/// TIES' last two steps on pruned tensors of one shape: sign election and disjoint mean.
[[nodiscard]] at::Tensor ties_of_pruned(std::span<const at::Tensor> pruned,
                                        std::span<const double> weights, SignElection sign);

/// Keeps the floor(density n) largest entries by magnitude.
[[nodiscard]] at::Tensor keep_largest(const at::Tensor& tensor, double density);

}  // namespace stylus::generator
