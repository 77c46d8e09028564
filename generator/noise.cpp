#include "generator/noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>

#include "support/error.h"

namespace stylus::generator {

Noise::Noise(const std::vector<std::uint64_t>& seeds) {
  require(!seeds.empty(), ErrorCode::kInvalidArgument, "noise needs at least one seed");
  generators_.reserve(seeds.size());
  for (const std::uint64_t seed : seeds) {
    generators_.push_back(at::make_generator<at::CPUGeneratorImpl>(seed));
  }
}

at::Tensor Noise::draw(at::IntArrayRef image_shape, at::Device device, at::ScalarType dtype) {
  std::vector<at::Tensor> images;
  images.reserve(generators_.size());
  for (const at::Generator& generator : generators_) {
    images.push_back(at::randn(image_shape, generator, at::TensorOptions().dtype(at::kFloat)));
  }
  return at::stack(images).to(device, dtype);  // [B, ...]
}

at::Tensor Noise::draw_like(const at::Tensor& x) {
  require(x.dim() >= 1 && x.size(0) == static_cast<std::int64_t>(generators_.size()),
          ErrorCode::kInvalidArgument, "a batch of ", x.dim() == 0 ? 0 : x.size(0),
          " images asks for noise of ", generators_.size(), " seeds; give one seed per image");
  return draw(x.sizes().slice(1), x.device(), x.scalar_type());
}

}  // namespace stylus::generator
