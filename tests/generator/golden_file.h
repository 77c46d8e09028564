#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/error.h"
#include "weights/safetensors_file.h"

namespace stylus::generator {

/// A file of tests/golden/generator. One that is missing fails the test.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name)
      : file_(std::filesystem::path(STYLUS_TESTS_DIR) / "golden/generator" / name) {}

  [[nodiscard]] const std::string& metadata(const std::string& key) const {
    return file_.metadata().at(key);
  }

  /// A copy; F32, I32, I64 and U8 only.
  [[nodiscard]] at::Tensor tensor(const std::string& name) const {
    const weights::Tensor* found = file_.find(name);
    require(found != nullptr, ErrorCode::kNotFound, "the golden file lacks ", name);
    const at::ScalarType type = found->dtype == weights::DType::kF32   ? at::kFloat
                                : found->dtype == weights::DType::kI64 ? at::kLong
                                : found->dtype == weights::DType::kU8  ? at::kByte
                                                                       : at::kInt;
    return at::from_blob(const_cast<std::byte*>(found->bytes.data()), found->shape,
                         at::TensorOptions().dtype(type))
        .clone();
  }

 private:
  weights::SafetensorsFile file_;
};

}  // namespace stylus::generator
