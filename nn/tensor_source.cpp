#include "nn/tensor_source.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <sstream>
#include <utility>

#include "nn/guard.h"
#include "nn/release_pages.h"
#include "support/error.h"
#include "weights/shown_name.h"

namespace stylus::nn {
namespace {

std::optional<at::ScalarType> scalar_type(weights::DType dtype) {
  using weights::DType;
  switch (dtype) {
    case DType::kBool:
      return at::kBool;
    case DType::kU8:
      return at::kByte;
    case DType::kI8:
      return at::kChar;
    case DType::kI16:
      return at::kShort;
    case DType::kI32:
      return at::kInt;
    case DType::kI64:
      return at::kLong;
    case DType::kF8E5M2:
      return at::kFloat8_e5m2;
    case DType::kF8E4M3:
      return at::kFloat8_e4m3fn;
    case DType::kF16:
      return at::kHalf;
    case DType::kBF16:
      return at::kBFloat16;
    case DType::kF32:
      return at::kFloat;
    case DType::kF64:
      return at::kDouble;
    default:
      return std::nullopt;
  }
}

template <typename Sizes>
std::string shown_shape(const Sizes& sizes) {
  std::ostringstream text;
  text << '[';
  const char* separator = "";
  for (const std::int64_t size : sizes) {
    text << separator << size;
    separator = ", ";
  }
  text << ']';
  return text.str();
}

/// The shape without trailing dimensions of 1.
std::span<const std::int64_t> trimmed(std::span<const std::int64_t> sizes) {
  while (sizes.size() > 1 && sizes.back() == 1) {
    sizes = sizes.first(sizes.size() - 1);
  }
  return sizes;
}

bool is_same_shape(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  return std::ranges::equal(trimmed(a), trimmed(b));
}

/// "; 3 tensors are missing: 'a', 'b', 'c'", or nothing.
void append_list(std::string& message, const std::vector<std::string>& items, const char* verb) {
  constexpr std::size_t kShown = 8;
  if (items.empty()) {
    return;
  }
  message += message.back() == ':' ? " " : "; ";
  message += std::to_string(items.size()) + (items.size() == 1 ? " tensor " : " tensors ") + verb;
  for (std::size_t i = 0; i < std::min(kShown, items.size()); ++i) {
    message += (i == 0 ? ": " : ", ") + items[i];
  }
  if (items.size() > kShown) {
    message += " and " + std::to_string(items.size() - kShown) + " more";
  }
}

bool is_aligned(const weights::Tensor& tensor, at::ScalarType type) {
  return reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % c10::elementSize(type) == 0;
}

at::Tensor stored_tensor(const StoredTensor& stored) {
  at::Tensor tensor = tensor_from(stored.tensor, stored.owner);
  if (stored.parts > 1) {
    const std::int64_t rows = tensor.size(0) / stored.parts;
    tensor = tensor.narrow(0, stored.part * rows, rows);
  }
  return stored.transposed ? tensor.t().contiguous() : tensor;
}

}  // namespace

at::Tensor tensor_from(const weights::Tensor& tensor, std::shared_ptr<const void> owner) {
  const std::optional<at::ScalarType> type = scalar_type(tensor.dtype);
  require(type.has_value(), ErrorCode::kUnsupported, "tensor ", weights::shown_name(tensor.name),
          " has the dtype ", weights::dtype_name(tensor.dtype),
          ", which torch cannot compute with");
  const std::size_t item = c10::elementSize(*type);
  require(tensor.bytes.size() == static_cast<std::size_t>(tensor.element_count()) * item,
          ErrorCode::kInvalidArgument, "tensor ", weights::shown_name(tensor.name),
          " has no bytes: only its header is known");
  if (tensor.bytes.empty()) {
    return at::empty(tensor.shape, *type);
  }
  auto* data = const_cast<std::byte*>(tensor.bytes.data());
  if (!is_aligned(tensor, *type)) {  // the format does not promise alignment
    at::Tensor copy = at::empty(tensor.shape, *type);
    std::ranges::copy(tensor.bytes, static_cast<std::byte*>(copy.mutable_data_ptr()));
    return copy;
  }
  return at::from_blob(
      data, tensor.shape, [owner = std::move(owner)](void*) {}, at::TensorOptions(*type));
}

at::Tensor copied_tensor_from(const weights::Tensor& tensor) {
  return tensor_from(tensor, nullptr).clone();
}

std::optional<std::vector<std::int64_t>> StoredTensor::shape() const {
  std::vector<std::int64_t> shape = tensor.shape;
  if (parts > 1) {
    if (shape.empty() || shape.front() % parts != 0) {
      return std::nullopt;
    }
    shape.front() /= parts;
  }
  if (transposed) {
    if (shape.size() != 2) {
      return std::nullopt;
    }
    std::swap(shape[0], shape[1]);
  }
  return shape;
}

TensorSource::TensorSource(const StoredTensors& tensors, std::string what, TensorOptions options)
    : tensors_(&tensors), what_(std::move(what)), options_(options) {}

TensorSource::TensorSource(TensorOptions options) : what_("a model"), options_(options) {}

TensorSource TensorSource::any() {
  TensorOptions meta;
  meta.device = at::kMeta;
  return TensorSource(meta);
}

bool TensorSource::has(std::string_view name) const {
  return tensors_ == nullptr || tensors_->find(name) != tensors_->end();
}

std::vector<std::int64_t> TensorSource::shape(std::string_view name) const {
  require(tensors_ != nullptr && has(name), ErrorCode::kInvalidArgument, what_, " has no tensor ",
          weights::shown_name(name));
  return tensors_->find(name)->second.shape().value_or(std::vector<std::int64_t>{});
}

at::Tensor TensorSource::fault(std::string message, std::vector<std::string>& list,
                               std::span<const std::int64_t> sizes) {
  // No model has as many tensors; a config that asks for millions of layers ends here.
  constexpr std::size_t kMostFaults = 4000;
  list.push_back(std::move(message));
  if (options_.device.type() != at::kMeta || list.size() >= kMostFaults) {
    finish();
  }
  return at::empty(at::IntArrayRef(sizes.data(), sizes.size()),
                   at::TensorOptions(options_.dtype).device(at::kMeta));
}

at::Tensor TensorSource::take(std::string_view name, std::span<const std::int64_t> sizes) {
  const at::IntArrayRef wanted(sizes.data(), sizes.size());
  const bool is_check = options_.device.type() == at::kMeta;
  if (!has(name)) {
    return fault(weights::shown_name(name), missing_, sizes);
  }
  taken_.emplace(name);
  std::int64_t elements = 1;
  for (const std::int64_t size : sizes) {
    elements *= size;
  }
  taken_elements_ += elements;
  if (tensors_ != nullptr) {
    const StoredTensor& stored = tensors_->find(name)->second;
    const std::optional<std::vector<std::int64_t>> shape = stored.shape();
    if (!shape || !is_same_shape(*shape, sizes)) {
      return fault(weights::shown_name(name) + " is " + shown_shape(stored.tensor.shape) +
                       " and must be " + shown_shape(sizes),
                   mismatched_, sizes);
    }
    if (!scalar_type(stored.tensor.dtype)) {
      return fault(weights::shown_name(name) + " has the dtype " +
                       std::string(weights::dtype_name(stored.tensor.dtype)),
                   mismatched_, sizes);
    }
    if (!is_check) {
      return guarded(what_, [&] {
        const at::Tensor raw = stored_tensor(stored).view(wanted);
        at::Tensor result = raw.to(at::TensorOptions(options_.dtype).device(options_.device));
        if (options_.channels_last && result.dim() == 4) {
          result = result.contiguous(at::MemoryFormat::ChannelsLast);
        }
        if (!result.is_same(raw) && result.const_data_ptr() != raw.const_data_ptr()) {
          release_pages(stored.tensor.bytes);
        }
        return result;
      });
    }
  }
  return at::empty(wanted, at::TensorOptions(options_.dtype).device(at::kMeta));
}

at::Tensor TensorSource::unconverted(std::string_view name,
                                     std::span<const std::int64_t> sizes) const {
  if (tensors_ == nullptr || !options_.device.is_cpu() || !has(name)) {
    return {};
  }
  const StoredTensor& stored = tensors_->find(name)->second;
  const std::optional<at::ScalarType> type = scalar_type(stored.tensor.dtype);
  if (!type || *type == options_.dtype || stored.transposed || !is_aligned(stored.tensor, *type)) {
    return {};
  }
  return stored_tensor(stored).view(at::IntArrayRef(sizes.data(), sizes.size()));
}

void TensorSource::finish() const {
  std::vector<std::string> unexpected;
  // Before the constructor has run to its end, what it did not ask for yet is not unexpected.
  const bool is_check = options_.device.type() == at::kMeta;
  if (tensors_ != nullptr && (is_check || (missing_.empty() && mismatched_.empty()))) {
    for (const auto& [name, stored] : *tensors_) {
      if (taken_.find(name) == taken_.end()) {
        unexpected.push_back(weights::shown_name(name));
      }
    }
  }
  if (missing_.empty() && mismatched_.empty() && unexpected.empty()) {
    return;
  }
  std::string message = what_ + ":";
  append_list(message, missing_, "missing");
  append_list(message, mismatched_, "of another shape");
  append_list(message, unexpected, "unexpected");
  fail(ErrorCode::kCorruptData, message,
       "; the file is damaged or belongs to another kind of model");
}

}  // namespace stylus::nn
