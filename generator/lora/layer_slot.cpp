#include "generator/lora/layer_slot.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "support/error.h"

namespace stylus::generator {

bool is_channels_last(const at::Tensor& weight) {
  return weight.dim() == 4 && !weight.is_contiguous() &&
         weight.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor rows_view(const at::Tensor& weight) {
  if (weight.is_contiguous()) {
    return weight.view({weight.size(0), -1});
  }
  return is_channels_last(weight) ? weight.permute({0, 2, 3, 1}).view({weight.size(0), -1})
                                  : at::Tensor{};
}

at::Tensor factor_rows(const at::Tensor& factor, const at::Tensor& weight) {
  return is_channels_last(weight) ? factor.permute({0, 2, 3, 1}).reshape({factor.size(0), -1})
                                  : factor.reshape({factor.size(0), -1});
}

at::Tensor factor_of_rows(const at::Tensor& rows, const at::Tensor& weight, at::IntArrayRef sizes) {
  if (is_channels_last(weight)) {
    return rows.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
  }
  return rows.view(sizes);
}

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

/// Has the kernel fill the pages now, all cores at once: several times faster than one fault after
/// the other while the merge runs. A wish: kernels before 5.14 do not know it.
void fault_in(std::span<std::byte> memory) {
#if defined(MADV_POPULATE_WRITE)
  constexpr std::size_t kStep = 16 * kHugePage;
  const auto steps = static_cast<std::int64_t>((memory.size() + kStep - 1) / kStep);
  at::parallel_for(0, steps, 1, [&](std::int64_t begin, std::int64_t end) {
    const std::size_t from = static_cast<std::size_t>(begin) * kStep;
    const std::size_t to = std::min(static_cast<std::size_t>(end) * kStep, memory.size());
    ::madvise(memory.data() + from, to - from, MADV_POPULATE_WRITE);
  });
#else
  static_cast<void>(memory);
#endif
}

}  // namespace

std::vector<at::Tensor> allocate_like(std::span<const at::Tensor> tensors) {
  constexpr std::size_t kAlignment = 64;
  std::size_t bytes = 0;
  std::vector<std::size_t> offsets;
  for (const at::Tensor& tensor : tensors) {
    offsets.push_back(bytes);
    bytes += (tensor.nbytes() + kAlignment - 1) / kAlignment * kAlignment;
  }
  if (bytes == 0) {
    return {};
  }
  // One huge page more, so that the tensors can begin at the border of one.
  const std::size_t mapped = bytes + kHugePage;
  void* memory =
      ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, ErrorCode::kUnavailable, "no memory for merged weights: ", mapped,
          " bytes (", std::strerror(errno), "); apply fewer adapters or use the side branch");
  ::madvise(memory, mapped, MADV_HUGEPAGE);  // a wish; without it the pages are just small
  const std::shared_ptr<void> block(memory, [mapped](void* begin) { ::munmap(begin, mapped); });
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  auto* first = static_cast<std::byte*>(memory) + (kHugePage - begin % kHugePage) % kHugePage;
  fault_in({first, bytes});

  std::vector<at::Tensor> result;
  result.reserve(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& model = tensors[i];
    void* place = first + offsets[i];
    const auto release = [block](void*) {};
    const auto options = at::TensorOptions().dtype(model.scalar_type());
    if (is_channels_last(model)) {
      result.push_back(at::from_blob(place, model.sizes(), model.strides(), release, options));
    } else {
      result.push_back(at::from_blob(place, model.sizes(), release, options));
    }
  }
  return result;
}

}  // namespace stylus::generator
