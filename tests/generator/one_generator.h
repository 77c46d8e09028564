#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>

#include <cstdint>

#include "generator/noise.h"

namespace stylus::generator {

/// Noise for a whole batch out of one generator, as diffusers' unit tests draw it.
class OneGenerator : public NoiseSource {
 public:
  explicit OneGenerator(std::uint64_t seed)
      : generator_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

  [[nodiscard]] at::Tensor draw_like(const at::Tensor& x) override {
    return at::randn(x.sizes(), generator_, at::TensorOptions().dtype(at::kFloat)).to(x.dtype());
  }

 private:
  at::Generator generator_;
};

}  // namespace stylus::generator
