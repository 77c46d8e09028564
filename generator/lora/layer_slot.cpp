#include "generator/lora/layer_slot.h"

#include <ATen/ops/from_blob.h>
#include <sys/mman.h>

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

NewTensors allocate_like(std::span<const at::Tensor> tensors) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20U;
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

  NewTensors result;
  result.pages = std::make_shared<PageFiller>(std::span(first, bytes), block);
  result.tensors.reserve(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& model = tensors[i];
    void* place = first + offsets[i];
    const auto release = [block](void*) {};
    const auto options = at::TensorOptions().dtype(model.scalar_type());
    if (is_channels_last(model)) {
      result.tensors.push_back(
          at::from_blob(place, model.sizes(), model.strides(), release, options));
    } else {
      result.tensors.push_back(at::from_blob(place, model.sizes(), release, options));
    }
  }
  return result;
}

}  // namespace stylus::generator
