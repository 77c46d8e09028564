// The module libstylus_cuda.so: what CudaBackend names, for an NVIDIA card. It is opened after
// libtorch_cuda.so, which satisfies the symbols that it leaves undefined.

#include <ATen/TensorOperators.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <array>
#include <optional>

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

bool run_merge(const Kernels& kernels, const at::Tensor& out, const at::Tensor& base,
               const std::vector<LowRankTerm>& terms, const at::Tensor& scales) {
  MergeTerms list{};
  for (const LowRankTerm& term : terms) {
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
      kernels.merge_low_rank,
      {static_cast<unsigned>(row_tiles * column_tiles), static_cast<unsigned>(out.size(0))},
      kMergeThreads, 0, arguments);
}

/// Different numbers in [-1, 1], the same each time.
at::Tensor waves(at::IntArrayRef sizes, double step, const at::TensorOptions& options) {
  const at::Tensor flat =
      at::arange(c10::multiply_integers(sizes), options.dtype(at::kFloat)).mul_(step).sin_();
  return flat.view(sizes).to(options.dtype());
}

/// True if the kernel adds up what ATen does on one case with odd ranks, several stages, tiles that
/// are not full, and a term that is off. It is compiled on the user's machine, for a card and a
/// driver that nobody may have tried: a wrong sum there would spoil pictures without a word.
/// Cost: under a millisecond, and waits for the card.
bool adds_up(const Kernels& kernels, at::ScalarType type, const at::Device& device) {
  constexpr std::int64_t kMembers = 2;
  constexpr std::int64_t kRows = 72;
  constexpr std::int64_t kColumns = 136;
  const at::TensorOptions options = at::TensorOptions(type).device(device);
  const at::Tensor base = waves({kMembers, kRows, kColumns}, 0.7, options);
  const at::Tensor out = at::empty_like(base);
  const at::Tensor scales =
      at::tensor({1.0F, -0.5F, 0.25F, 2.0F, 0.0F, 1.0F}, at::TensorOptions(at::kFloat))
          .to(device)
          .view({kMembers, 3});
  std::vector<LowRankTerm> terms;
  at::Tensor expected = base.to(at::kFloat);
  for (const std::int64_t rank : {16, 5, 56}) {
    const double step = 0.3 + 0.01 * static_cast<double>(rank);
    terms.push_back({waves({kMembers, kRows, rank}, step, options),
                     waves({kMembers, rank, kColumns}, 1.1 * step, options)});
    const at::Tensor scale =
        scales.select(1, static_cast<std::int64_t>(terms.size()) - 1).view({-1, 1, 1});
    expected = expected +
               at::bmm(terms.back().up.to(at::kFloat), terms.back().down.to(at::kFloat)) * scale;
  }
  if (!run_merge(kernels, out, base, terms, scales)) {
    return false;
  }
  const double tolerance = type == at::kHalf ? 2e-3 : 1.6e-2;  // some four roundings
  const at::Tensor error = out.to(at::kFloat).sub(expected).abs().max();
  return error.div(expected.abs().max()).item<double>() <= tolerance;
}

/// adds_up, asked once per precision; a card that fails is told of.
bool is_trusted(const Kernels& kernels, at::ScalarType type, const at::Device& device) {
  static std::array<std::optional<bool>, 2> answers;
  std::optional<bool>& answer = answers[type == at::kHalf ? 0 : 1];
  if (!answer) {
    answer = adds_up(kernels, type, device);
    if (!*answer) {
      TORCH_WARN("the merge kernel gives wrong sums on this card; PyTorch's own is used instead");
    }
  }
  return *answer;
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
  const bool are_dense = std::all_of(terms.begin(), terms.end(), [type](const LowRankTerm& term) {
    return is_dense(term.up, type) && is_dense(term.down, type);
  });
  return are_dense && is_trusted(*kernels, type, out.device()) &&
         run_merge(*kernels, out, base, terms, scales);
}

constexpr CudaBackend kBackend = {record, group_norm, geglu, merge_low_rank};

}  // namespace
}  // namespace stylus::nn::cuda

extern "C" __attribute__((visibility("default"))) const stylus::nn::CudaBackend*
stylus_cuda_backend() {
  return &stylus::nn::cuda::kBackend;
}
