#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace stylus::generator {

/// Where samplers take their standard normal noise from.
class NoiseSource {
 public:
  NoiseSource() = default;
  NoiseSource(const NoiseSource&) = default;
  NoiseSource(NoiseSource&&) = default;
  NoiseSource& operator=(const NoiseSource&) = default;
  NoiseSource& operator=(NoiseSource&&) = default;
  virtual ~NoiseSource() = default;

  /// Fresh noise of x's shape [B, ...], device and dtype.
  [[nodiscard]] virtual at::Tensor draw_like(const at::Tensor& x) = 0;
};

/// Noise with one CPU generator for each image of a batch: image i depends on seed i and on what
/// was drawn for it before, never on the batch or the device.
///
/// The first draw of a seed equals torch.randn(shape,
/// generator=torch.Generator("cpu").manual_seed(seed)) in fp32, and so does every later one when
/// shapes and order are the same. Half precision is drawn in fp32 and rounded: the same picture in
/// every precision.
///
/// Thread safety: none; a Noise belongs to one run.
class Noise : public NoiseSource {
 public:
  /// Requires: at least one seed, else Error(kInvalidArgument). torch's generator is an MT19937
  /// that
  ///           looks at the low 32 bits only: seeds that agree in them give the same noise.
  explicit Noise(const std::vector<std::uint64_t>& seeds);

  /// [B, shape of one image...], B = number of seeds.
  [[nodiscard]] at::Tensor draw(at::IntArrayRef image_shape, at::Device device,
                                at::ScalarType dtype);

  /// Requires: x.size(0) == batch_size(), else Error(kInvalidArgument).
  [[nodiscard]] at::Tensor draw_like(const at::Tensor& x) override;

  [[nodiscard]] std::size_t batch_size() const { return generators_.size(); }

 private:
  std::vector<at::Generator> generators_;
};

}  // namespace stylus::generator
