#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "nn/tensor_source.h"
#include "weights/safetensors_file.h"

namespace stylus::nn {

/// A case of tests/golden/nn: weights, inputs and outputs of the reference implementation.
class Golden {
 public:
  explicit Golden(const std::string& name);

  [[nodiscard]] const StoredTensors& weights() const { return weights_; }
  [[nodiscard]] at::Tensor input(std::string_view name) const { return tensor("in.", name); }
  [[nodiscard]] at::Tensor output(std::string_view name) const { return tensor("out.", name); }
  [[nodiscard]] const nlohmann::json& config() const { return config_; }

  /// Fails the test unless |actual - output| <= atol + rtol |output| everywhere, by the case's
  /// tolerances; says how far off it is and where. Outputs keep their bits only in fp32: `slack`
  /// widens the tolerances for other types.
  void expect_output(std::string_view name, const at::Tensor& actual, double slack = 1) const;

 private:
  [[nodiscard]] at::Tensor tensor(std::string_view prefix, std::string_view name) const;

  std::string name_;
  StoredTensors tensors_;
  StoredTensors weights_;
  nlohmann::json config_;
  double atol_ = 0;
  double rtol_ = 0;
};

}  // namespace stylus::nn
