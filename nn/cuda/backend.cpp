// The module libstylus_cuda.so: what CudaBackend names, for an NVIDIA card. It is opened after
// libtorch_cuda.so, which satisfies the symbols that it leaves undefined.

#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

#include "nn/cuda/compiled.h"
#include "nn/cuda/merge_kernel.h"
#include "nn/cuda_backend.h"

namespace stylus::nn::cuda {
namespace {

class Graph final : public RecordedGraph {
 public:
  explicit Graph(const std::function<void()>& work) {
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
    const c10::cuda::CUDAStream before = c10::cuda::getCurrentCUDAStream();
    stream.synchronize();
    before.synchronize();
    const c10::cuda::CUDAStreamGuard guard(stream);
    for (int i = 0; i < kWarmUps; ++i) {
      work();
    }
    stream.synchronize();
    graph_.capture_begin();
    work();
    graph_.capture_end();
  }
  void replay() override { graph_.replay(); }

 private:
  static constexpr int kWarmUps = 2;
  at::cuda::CUDAGraph graph_;
};

std::unique_ptr<RecordedGraph> record(const std::function<void()>& work) {
  return std::make_unique<Graph>(work);
}

bool is_16_bit(const at::Tensor& x) {
  return x.is_cuda() && (x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16);
}

at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                      const at::Tensor& bias, double eps, bool silu) {
  if (!is_16_bit(x) || x.dim() != 4 || !x.is_contiguous(at::MemoryFormat::ChannelsLast) ||
      x.size(1) % (2 * groups) != 0 || x.size(1) > 5120 || groups > 64 ||
      weight.scalar_type() != x.scalar_type() || bias.scalar_type() != x.scalar_type()) {
    return {};
  }
  const Kernels* kernels = kernels_for(x.scalar_type() == at::kBFloat16);
  if (kernels == nullptr) {
    return {};
  }
  int pixels = static_cast<int>(x.size(2) * x.size(3));
  int pairs = static_cast<int>(x.size(1) / 2);
  int group_count = static_cast<int>(groups);
  int pairs_per_group = pairs / group_count;
  // Enough slabs for all processors, few enough to sum up quickly.
  int slabs = std::clamp(pixels / 8, 1, 96);
  int rows = (pixels + slabs - 1) / slabs;
  slabs = (pixels + rows - 1) / rows;
  const auto batch = static_cast<unsigned>(x.size(0));
  const at::Tensor partial =
      at::empty({x.size(0), slabs, 2 * groups}, x.options().dtype(at::kFloat));
  at::Tensor y = at::empty_like(x);
  void* in = x.data_ptr();
  void* out = y.data_ptr();
  void* sums = partial.data_ptr();
  void* w = weight.data_ptr();
  void* b = bias.data_ptr();
  auto epsilon = static_cast<float>(eps);
  int wants_silu = silu ? 1 : 0;
  const unsigned block = 256;
  const unsigned parts = block / (2 * static_cast<unsigned>(group_count));
  void* first[] = {&in, &sums, &pixels, &pairs, &pairs_per_group, &group_count, &rows};
  void* second[] = {
      &in,          &out,  &sums,  &w,       &b,         &pixels, &pairs, &pairs_per_group,
      &group_count, &rows, &slabs, &epsilon, &wants_silu};
  const auto shared = static_cast<unsigned>(sizeof(float));
  const unsigned first_shared = 2 * static_cast<unsigned>(pairs) * shared;
  const unsigned second_shared =
      (4 * static_cast<unsigned>(pairs) + parts * 2 * static_cast<unsigned>(group_count)) * shared;
  if (parts == 0 || second_shared > 48 * 1024 ||
      !launch(kernels->norm_sums, {static_cast<unsigned>(slabs), batch}, block, first_shared,
              first) ||
      !launch(kernels->norm_apply, {static_cast<unsigned>(slabs), batch}, block, second_shared,
              second)) {
    return {};
  }
  return y;
}

at::Tensor geglu(const at::Tensor& x) {
  if (!is_16_bit(x) || !x.is_contiguous() || x.size(-1) % 4 != 0 || x.numel() == 0) {
    return {};
  }
  const Kernels* kernels = kernels_for(x.scalar_type() == at::kBFloat16);
  if (kernels == nullptr) {
    return {};
  }
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() /= 2;
  at::Tensor y = at::empty(sizes, x.options());
  int pairs = static_cast<int>(sizes.back() / 2);
  long long rows = x.numel() / x.size(-1);
  void* in = x.data_ptr();
  void* out = y.data_ptr();
  void* arguments[] = {&in, &out, &rows, &pairs};
  const auto blocks = static_cast<unsigned>(std::clamp<long long>(rows * pairs / 512, 1, 4096));
  return launch(kernels->geglu, {blocks, 1}, 256, 0, arguments) ? y : at::Tensor();
}

bool is_dense(const at::Tensor& x, at::ScalarType type) {
  return x.is_cuda() && x.scalar_type() == type && x.is_contiguous();
}

bool merge_low_rank(const at::Tensor& out, const at::Tensor& base,
                    const std::vector<LowRankTerm>& terms, const at::Tensor& scales) {
  const at::ScalarType type = out.scalar_type();
  if (!is_16_bit(out) || !is_dense(out, type) || !is_dense(base, type) ||
      !is_dense(scales, at::kFloat) || out.size(2) % 8 != 0 || terms.size() > kMostTerms ||
      out.size(1) * out.size(2) > std::int64_t{1} << 30U) {
    return false;
  }
  const Kernels* kernels = kernels_for(type == at::kBFloat16);
  if (kernels == nullptr || kernels->merge_low_rank == nullptr) {
    return false;
  }
  MergeTerms list{};
  for (const LowRankTerm& term : terms) {
    if (!is_dense(term.up, type) || !is_dense(term.down, type)) {
      return false;
    }
    const auto place = static_cast<std::size_t>(list.count++);
    list.up[place] = term.up.const_data_ptr();
    list.down[place] = term.down.const_data_ptr();
    list.rank[place] = static_cast<int>(term.up.size(2));
  }
  int rows = static_cast<int>(out.size(1));
  int columns = static_cast<int>(out.size(2));
  int column_tiles = (columns + kMergeColumns - 1) / kMergeColumns;
  const int row_tiles = (rows + kMergeRows - 1) / kMergeRows;
  const void* in = base.const_data_ptr();
  void* to = out.data_ptr();
  const void* strengths = scales.const_data_ptr();
  void* arguments[] = {&in, &to, &list, &strengths, &rows, &columns, &column_tiles};
  return launch(
      kernels->merge_low_rank,
      {static_cast<unsigned>(row_tiles * column_tiles), static_cast<unsigned>(out.size(0))},
      kMergeThreads, 0, arguments);
}

constexpr CudaBackend kBackend = {record, group_norm, geglu, merge_low_rank};

}  // namespace
}  // namespace stylus::nn::cuda

extern "C" __attribute__((visibility("default"))) const stylus::nn::CudaBackend*
stylus_cuda_backend() {
  return &stylus::nn::cuda::kBackend;
}
