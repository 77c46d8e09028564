#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace stylus::nn {

/// A recorded sequence of GPU work that is started as one.
class RecordedGraph {
 public:
  RecordedGraph() = default;
  RecordedGraph(const RecordedGraph&) = delete;
  RecordedGraph& operator=(const RecordedGraph&) = delete;
  virtual ~RecordedGraph() = default;
  /// Runs the work again on the same tensors, on the current stream.
  virtual void replay() = 0;
};

/// Low-rank updates of M equal layers by one adapter: up [M, O, r], down [M, r, N].
struct LowRankTerm {
  at::Tensor up;
  at::Tensor down;
};

/// What a GPU does better with code of our own. Comes out of the module libstylus_cuda.so, which is
/// opened beside libtorch_cuda.so; without it everything runs on ATen alone.
struct CudaBackend {
  /// Records what `work` starts. It has run twice before (lazily made state, cuDNN's choice);
  /// tensors that it makes belong to the graph and keep their places.
  std::unique_ptr<RecordedGraph> (*record)(const std::function<void()>& work);

  /// Group norm, then SiLU where asked. x [B, C, H, W] half or bfloat16 in channels_last, weight
  /// and bias [C] of x's dtype. Sums in fp32, in a fixed order. Returns an undefined tensor for
  /// inputs that it does not take.
  at::Tensor (*group_norm)(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                           const at::Tensor& bias, double eps, bool silu);

  /// x [..., 2 D] contiguous half or bfloat16 -> first half * gelu(second half). Undefined for
  /// other inputs.
  at::Tensor (*geglu)(const at::Tensor& x);

  /// out [M, O, N] = base [M, O, N] + sum over the terms of scales[m, term] up down, in one pass
  /// over base and out; sums in fp32, rounded once (the scaled `up` is rounded to its type before).
  /// All half or bfloat16 and contiguous; scales float [M, terms]. Returns false, with nothing
  /// done, for other inputs: more than 16 terms, N not a multiple of 8, cards before Ampere.
  bool (*merge_low_rank)(const at::Tensor& out, const at::Tensor& base,
                         const std::vector<LowRankTerm>& terms, const at::Tensor& scales);
};

/// Null before open_device has opened a GPU, and where the module is not there.
[[nodiscard]] const CudaBackend* cuda_backend();

/// Opens the module from the folder of this program (or of the library that holds this code).
/// Returns whether it is there now. Called by open_device.
bool open_cuda_backend();

/// For measurements: back to ATen, or to the module again.
void use_cuda_backend(bool on);

}  // namespace stylus::nn
