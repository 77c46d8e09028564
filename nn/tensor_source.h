#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors_file.h"

namespace stylus::nn {

/// A tensor over the bytes of `tensor` without a copy, which `owner` keeps alive; shape and dtype
/// as stored, on the CPU.
///
/// The memory is a read-only mapping: writing into it ends the process. Bytes that are not aligned
/// for their dtype are copied.
/// Requires: a dtype that torch has (not F4, F6, unsigned beyond U8), else Error(kUnsupported).
[[nodiscard]] at::Tensor tensor_from(const weights::Tensor& tensor,
                                     std::shared_ptr<const void> owner);

/// The same, copied: the result owns its memory.
[[nodiscard]] at::Tensor copied_tensor_from(const weights::Tensor& tensor);

/// One tensor of a model as a file holds it, and which part of it is meant.
struct StoredTensor {
  weights::Tensor tensor;             ///< `bytes` may be empty where only names are checked.
  std::shared_ptr<const void> owner;  ///< Keeps the bytes alive.
  std::int64_t part = 0;              ///< Rows [part * n / parts, (part + 1) * n / parts) of n:
  std::int64_t parts = 1;             ///< how OpenCLIP stores query, key and value in one.
  bool transposed = false;            ///< Swap both dimensions (OpenCLIP's text_projection).

  /// After taking the part and transposing. Empty optional where the parts do not divide the rows.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> shape() const;
};

/// The tensors of one model part by the names that the model asks for.
using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// All tensors of a safetensors file, or of all files that a `*.safetensors.index.json` names
/// (Error(kCorruptData) when the index and the files disagree), under their own names.
/// Cost: headers only; the bytes are mapped.
[[nodiscard]] StoredTensors read_stored_tensors(const std::filesystem::path& path);

/// The same for one opened file.
void add_stored_tensors(const std::shared_ptr<const weights::SafetensorsFile>& file,
                        const std::string& what, StoredTensors& tensors);

struct TensorOptions {
  at::ScalarType dtype = at::kFloat;  ///< Of floating-point tensors; kFloat, kHalf or kBFloat16.
  at::Device device = at::kCPU;       ///< kMeta: check names and shapes, allocate nothing.
  bool channels_last = false;         ///< Memory format of convolution weights.
};

/// Hands the tensors of one model part to the model's constructor and notes what was asked for.
///
/// With device kMeta every fault is collected, and finish() reports all of them by name: run the
/// constructor once that way before any memory is filled (load_model below does).
/// With a real device the first fault throws.
/// Not thread-safe.
class TensorSource {
 public:
  /// `what` names the part in messages: "unet of 'model.safetensors'". `tensors` is kept by
  /// reference and must outlive the source.
  TensorSource(const StoredTensors& tensors, std::string what, TensorOptions options);

  /// A source that has every tensor in the wanted shape, as meta tensors: to count parameters and
  /// list names.
  [[nodiscard]] static TensorSource any();

  [[nodiscard]] bool has(std::string_view name) const;
  /// Requires: has(name).
  [[nodiscard]] std::vector<std::int64_t> shape(std::string_view name) const;

  /// The tensor in the options' dtype, device and memory format. A tensor that needs no conversion
  /// stays in the file's mapping: never write into it, replace it.
  ///
  /// Trailing dimensions of 1 may be missing or too many (VAE attention [C, C, 1, 1] for [C, C],
  /// proj_in as convolution or linear).
  /// Error(kCorruptData) for a missing name or another shape (see above for kMeta).
  at::Tensor take(std::string_view name, std::span<const std::int64_t> sizes);

  /// The tensor that take() converted for the CPU, still in its own type over the file's mapping;
  /// undefined where take() did not convert it, or had to copy it to read it.
  [[nodiscard]] at::Tensor unconverted(std::string_view name,
                                       std::span<const std::int64_t> sizes) const;

  /// Throws Error(kCorruptData) that names the missing, mismatched and unasked-for tensors, if
  /// there are any.
  void finish() const;

  [[nodiscard]] const TensorOptions& options() const { return options_; }
  /// Sum of the elements of all tensors taken so far, and their number.
  [[nodiscard]] std::int64_t taken_elements() const { return taken_elements_; }
  [[nodiscard]] std::size_t taken_count() const { return taken_.size(); }
  [[nodiscard]] const std::set<std::string, std::less<>>& taken() const { return taken_; }

 private:
  explicit TensorSource(TensorOptions options);
  at::Tensor fault(std::string message, std::vector<std::string>& list,
                   std::span<const std::int64_t> sizes);

  const StoredTensors* tensors_ = nullptr;  ///< Null: any().
  std::string what_;
  TensorOptions options_;
  std::set<std::string, std::less<>> taken_;
  std::int64_t taken_elements_ = 0;
  std::vector<std::string> missing_;
  std::vector<std::string> mismatched_;
};

/// Throws what check.finish() would for `Model(config, source)`; fills no memory.
template <typename Model, typename Config>
void check_model(const Config& config, const StoredTensors& tensors, const std::string& what) {
  TensorOptions meta;
  meta.device = at::kMeta;
  TensorSource source(tensors, what, meta);
  const Model model(config, source);
  source.finish();
}

/// Checks all names and shapes, then builds the model.
template <typename Model, typename Config>
[[nodiscard]] std::unique_ptr<Model> load_model(const Config& config, const StoredTensors& tensors,
                                                const std::string& what,
                                                const TensorOptions& options) {
  check_model<Model>(config, tensors, what);
  TensorSource source(tensors, what, options);
  return std::make_unique<Model>(config, source);
}

}  // namespace stylus::nn
